/**
 * Open question answering: Natural Questions, or any folder in the BEIR layout whose queries carry answers.
 *
 * Protocol of LLM-Embedder (`eval_qa`): ten examples from the dev part, three passages, 32 new tokens on one line, exact
 * match after SQuAD's normalisation; and how often the first k passages hold an answer.
 */

import { join } from "node:path";
import { type AnsweredQuestion, answerPatterns, isFile, readNq, spread } from "../../dataset/index.ts";
import { exactMatch, wordF1 } from "../../llm/index.ts";
import { createRandom, RetrieveError, shuffle } from "../../std/index.ts";
import type { Benchmark, Item, PoolRecord } from "./benchmark.ts";
import { fitPrompt, tooLong } from "./fit.ts";
import { knowledgeBlock, openPassages, readAnsweredBenchmark } from "./knowledge.ts";
import { withoutAnswers } from "./popqa.ts";

const newTokens = 32;
const cutoffs = [1, 5, 10, 20, 100] as const;

export const nq: Benchmark = {
  name: "nq",
  task: "qa",
  methods: ["none", "bm25", "dense", "hybrid"],
  needsModel: false,
  open: async (folder, options) => {
    const { k = 3, shots = 10, maxQueries, seed, model, corpus } = options;
    const data = await readQuestions(folder, options);
    const items = spread(data.items, maxQueries);
    const patterns = new Map(items.map(({ id, answers = [] }) => [id, answerPatterns(answers)]));
    const examples = shuffle(data.examples, createRandom(seed)).slice(0, shots);
    return {
      ...{ split: data.split, records: data.records, items, excluded: withoutAnswers(data.withoutAnswers) },
      ...{ retrieval: ["nDCG@10", "Recall@10"], depth: 100 },
      headline: model === undefined ? "AnswerRecall@10" : "exactMatch",
      config: { ...(corpus !== undefined && { corpus }), k, shots, newTokens },
      measureRanking: ({ id }, found) => {
        const first = found.findIndex(({ text }) => patterns.get(id)?.some((pattern) => pattern.test(text)));
        return Object.fromEntries(
          cutoffs.map((cutoff) => [`AnswerRecall@${cutoff}`, first >= 0 && first < cutoff ? 1 : 0]),
        );
      },
      ...(model !== undefined && {
        measure: async ({ query, answers = [] }, found, asked) => {
          const shown = examples.map((one) => `${blockOf(one.question)} ${one.answers[0]}`);
          const prompt = await fitPrompt(
            asked,
            found.slice(0, k).map(({ text }) => text),
            (passages) => `${knowledgeBlock(passages)}${[...shown, blockOf(query)].join("\n\n")}`,
            { tokens: asked.window, reserved: newTokens },
          );
          if (prompt === undefined) return tooLong;
          const output = (await asked.write(prompt, { maxTokens: newTokens, stop: ["\n"] })).trim();
          const best = (measure: (text: string, answer: string) => number): number =>
            Math.max(...answers.map((answer) => measure(output, answer)));
          return { metrics: { exactMatch: best(exactMatch), F1: best(wordF1) }, output };
        },
      }),
    };
  },
};

function blockOf(question: string): string {
  return `Question: ${question}\nAnswer:`;
}

interface Questions {
  readonly split: string;
  readonly items: readonly Item[];
  readonly records: readonly PoolRecord[];
  readonly examples: readonly AnsweredQuestion[];
  readonly withoutAnswers: number;
}

async function readQuestions(
  folder: string,
  { split, corpus }: { readonly split?: string; readonly corpus?: string },
): Promise<Questions> {
  if (await isFile(join(folder, "queries.jsonl"))) return await fromBeir(folder, split);
  const all = await readNq(folder, { split: split ?? "test" });
  const examples = await readNq(folder, { split: "dev" }).catch((error: unknown) => {
    if (RetrieveError.isInstance(error) && error.code === "not_found") return [];
    throw error;
  });
  const answered = all.filter(({ answers }) => answers.length > 0);
  return {
    split: split ?? "test",
    items: answered.map(({ id, question, answers }) => ({ id, query: question, answers })),
    records: await openPassages(folder, corpus, "nq"),
    examples: examples.filter(({ answers }) => answers.length > 0),
    withoutAnswers: all.length - answered.length,
  };
}

/** Examples come from the train part, where there is one. */
async function fromBeir(folder: string, split: string | undefined): Promise<Questions> {
  const { benchmark, answers } = await readAnsweredBenchmark(folder, split === undefined ? {} : { split });
  const items = benchmark.queries.map(({ id, text }) => ({
    ...{ id, query: text, answers: answers.get(id) ?? [] },
    gold: benchmark.qrels.get(id) ?? new Map<string, number>(),
  }));
  const answered = items.filter((item) => item.answers.length > 0);
  if (answered.length === 0) {
    throw new RetrieveError(
      "invalid_data",
      `${join(folder, "queries.jsonl")}: no query has metadata.answers; wanted answers, or \`eval beir\` for rankings alone`,
    );
  }
  const hasTrain = benchmark.split !== "train" && (await isFile(join(folder, "qrels", "train.tsv")));
  return {
    ...{ split: benchmark.split, items: answered, records: benchmark.corpus },
    examples: hasTrain ? await examplesOf(folder) : [],
    withoutAnswers: items.length - answered.length,
  };
}

async function examplesOf(folder: string): Promise<AnsweredQuestion[]> {
  const { benchmark, answers } = await readAnsweredBenchmark(folder, { split: "train" });
  return benchmark.queries.flatMap(({ id, text }) => {
    const own = answers.get(id) ?? [];
    return own.length > 0 ? [{ id, question: text, answers: own }] : [];
  });
}
