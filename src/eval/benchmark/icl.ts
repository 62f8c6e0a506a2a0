/**
 * In-context learning: solved instances as examples, the most relevant nearest to the question.
 *
 * Protocol of LLM-Embedder: eight examples whatever their task, 1,024 tokens with the question; where they do not fit, the
 * least relevant go (the reference code drops the most relevant). Options are compared by mean log-probability; answers are
 * written in 64 tokens on one line. The mean is over tasks.
 */

import { type CachedModel, spread } from "../../dataset/index.ts";
import { exactMatch, normalizeAnswer } from "../../llm/index.ts";
import { rougeL, rougeScoreL } from "../rouge.ts";
import type { Benchmark, Measured, PoolRecord, Summary } from "./benchmark.ts";
import { fitPrompt, longest, tooLong } from "./fit.ts";
import { type IclInstance, readIclData } from "./icl-data.ts";
import { iclTasks } from "./icl-tasks.ts";
import type { QueryResult } from "./receipt.ts";

const newTokens = 64;

type Rouge = (written: string, wanted: string) => number;

export const icl: Benchmark = {
  name: "icl",
  task: "icl",
  methods: ["none", "random", "bm25", "dense", "hybrid"],
  needsModel: true,
  open: async (folder, options) => {
    const { shots = 8, context = 1024, split = "test", maxQueries, rouge = "rouge" } = options;
    const data = await readIclData(folder, split);
    const instances = spreadByTask(data.instances, maxQueries);
    const byId = new Map(instances.map((instance) => [instance.id, instance]));
    return {
      ...{ split, records: data.pool, excluded: data.excluded, retrieval: [], depth: Math.max(10, shots) },
      headline: "score",
      config: { shots, context, rouge, newTokens },
      items: instances.map(({ id, task, input, answers }) => ({ id, group: task, query: input, answers })),
      measure: async ({ id }, found, model) => {
        const instance = byId.get(id);
        if (instance === undefined) return { leftOut: "unknown" };
        const asked = { instance, model, context, examples: found.slice(0, shots) };
        return instance.options.length > 0
          ? await choose(asked)
          : await write(asked, rouge === "rouge" ? rougeL : rougeScoreL);
      },
      summarise: (results) => summarise(results, byId),
    };
  },
};

/** So many in all, as many of each task as can be. */
function spreadByTask(instances: readonly IclInstance[], count: number | undefined): IclInstance[] {
  if (count === undefined || count >= instances.length) return [...instances];
  const tasks = new Map<string, IclInstance[]>();
  for (const instance of instances) {
    const own = tasks.get(instance.task);
    if (own === undefined) tasks.set(instance.task, [instance]);
    else own.push(instance);
  }
  const each = Math.max(1, Math.floor(count / tasks.size));
  return [...tasks.values()].flatMap((own) => spread(own, Math.min(each, own.length)));
}

interface Asked {
  readonly instance: IclInstance;
  readonly examples: readonly PoolRecord[];
  readonly model: CachedModel;
  readonly context: number;
}

/** Most relevant last. */
async function promptOf(
  { instance, examples, model, context }: Asked,
  reserved: number,
): Promise<string | undefined> {
  return await fitPrompt(
    model,
    examples.map(({ text }) => text),
    (texts) => `${[...texts.toReversed(), instance.input].join("\n")}\n`,
    { tokens: context, reserved },
  );
}

async function choose(asked: Asked): Promise<Measured> {
  const { instance, model } = asked;
  const options = instance.options.map((option) => ` ${option.trim()}`);
  const prompt = await promptOf(asked, await longest(model, options));
  if (prompt === undefined) return tooLong;
  const means = (await model.likelihoods(prompt, options)).map(({ sum, tokens }) => sum / tokens);
  const output = options[means.indexOf(Math.max(...means))]?.trim() ?? "";
  return { metrics: { score: instance.answers[0]?.trim() === output ? 1 : 0 }, output };
}

async function write(asked: Asked, rouge: Rouge): Promise<Measured> {
  const { instance, model } = asked;
  const prompt = await promptOf(asked, newTokens);
  if (prompt === undefined) return tooLong;
  // A worked solution stands on several lines and ends with its result.
  const isWorked = instance.answers.some((answer) => answer.includes(resultMark));
  const output = (
    await model.write(prompt, { maxTokens: newTokens, stop: isWorked ? ["\n\n"] : ["\n"] })
  ).trim();
  const measure = instance.metric === "ROUGE-L" ? rouge : isWorked ? sameResult : exactMatch;
  return {
    metrics: { score: Math.max(...instance.answers.map((answer) => measure(output, answer))) },
    output,
  };
}

const resultMark = "####";

/** What stands after the mark. */
function sameResult(written: string, wanted: string): number {
  const [result, expected] = [written, wanted].map((text) => text.split(resultMark).at(1));
  if (result === undefined || expected === undefined) return 0;
  return normalizeAnswer(result) === normalizeAnswer(expected) ? 1 : 0;
}

function summarise(results: readonly QueryResult[], byId: ReadonlyMap<string, IclInstance>): Summary {
  const tasks = new Map<string, QueryResult[]>();
  for (const result of results) {
    const own = tasks.get(result.group ?? "");
    if (own === undefined) tasks.set(result.group ?? "", [result]);
    else own.push(result);
  }
  const scores = new Map([...tasks].map(([task, own]) => [task, taskScore(own, byId)]));
  const categories = new Map<string, number[]>();
  for (const [task, score] of scores) {
    const category = iclTasks[task]?.category;
    if (category !== undefined) categories.set(category, [...(categories.get(category) ?? []), score]);
  }
  return {
    metrics: {
      score: mean([...scores.values()]),
      ...Object.fromEntries([...categories].map(([name, values]) => [name, mean(values)])),
    },
    groups: Object.fromEntries([...scores].map(([task, score]) => [task, { score }])),
  };
}

/** The mean, or F1 of the option `1` where the task is measured so. */
function taskScore(results: readonly QueryResult[], byId: ReadonlyMap<string, IclInstance>): number {
  const isF1 = results.some(({ id }) => byId.get(id)?.metric === "F1");
  if (!isF1) return mean(results.map(({ metrics }) => metrics["score"] ?? 0));
  const pairs = results.map(({ id, output }) => [output === "1", byId.get(id)?.answers[0] === "1"] as const);
  const both = pairs.filter(([said, wanted]) => said && wanted).length;
  const either = pairs.reduce((sum, [said, wanted]) => sum + Number(said) + Number(wanted), 0);
  return either === 0 ? 0 : (2 * both) / either;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
