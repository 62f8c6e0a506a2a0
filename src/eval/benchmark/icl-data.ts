/** Data of in-context learning: instances to solve, and a pool of solved ones. */

import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import {
  fileIn,
  isFile,
  readBundleCorpus,
  readBundleLines,
  textField,
  textsField,
} from "../../dataset/index.ts";
import { diskError, RetrieveError } from "../../std/index.ts";
import type { PoolRecord } from "./benchmark.ts";
import { type IclMetric, iclTasks } from "./icl-tasks.ts";

export interface IclInstance {
  readonly id: string;
  readonly task: string;
  readonly input: string;
  readonly answers: readonly string[];
  /** Empty where the answer is written. */
  readonly options: readonly string[];
  readonly metric: IclMetric;
}

export interface IclData {
  readonly instances: readonly IclInstance[];
  readonly pool: readonly PoolRecord[];
  readonly excluded: Readonly<Record<string, number>>;
}

/**
 * The bundle's `icl/icl`, a folder with `train.jsonl` and `SPLIT.jsonl`, or a folder of such folders, whose pools are one.
 *
 * Throws `not_found` where none of these is there, `invalid_data` naming file and line.
 */
export async function readIclData(folder: string, split: string): Promise<IclData> {
  if (await isFile(join(folder, "corpus.json"))) return await readBundle(folder, split);
  const folders = (await isFile(join(folder, "train.jsonl"))) ? [folder] : await foldersIn(folder, split);
  const instances: IclInstance[] = [];
  const pool: PoolRecord[] = [];
  for (const one of folders) {
    const task = basename(resolve(one));
    for await (const { fields, place } of readBundleLines(join(one, "train.jsonl"))) {
      const text = exampleText(textField(fields, "input", place), textField(fields, "output", place));
      pool.push({ id: `${task}/${pool.length}`, text });
    }
    for await (const { fields, place } of readBundleLines(await fileIn(one, [`${split}.jsonl`]))) {
      const output = textField(fields, "output", place);
      const options = textsField(fields, "options", place);
      instances.push({
        ...{ id: `${task}/${instances.length}`, task, input: oneSpaced(textField(fields, "input", place)) },
        ...{ answers: [output.trim()].filter((text) => text !== ""), options },
        metric: options.length > 0 ? "accuracy" : metricOf(fields["metric"], place),
      });
    }
  }
  return keepAnswered(instances, pool);
}

async function foldersIn(folder: string, split: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw diskError(error, folder);
  });
  const found: string[] = [];
  for (const name of names.sort()) {
    const own = join(folder, name);
    if ((await isFile(join(own, "train.jsonl"))) && (await isFile(join(own, `${split}.jsonl`))))
      found.push(own);
  }
  if (found.length > 0) return found;
  throw new RetrieveError(
    "not_found",
    `${folder}: no examples; wanted corpus.json and ${split}.json as in the bundle, or train.jsonl and ${split}.jsonl, here or in folders here`,
  );
}

async function readBundle(folder: string, split: string): Promise<IclData> {
  const pool: PoolRecord[] = [];
  for await (const { id, text } of readBundleCorpus(join(folder, "corpus.json"))) {
    pool.push({ id, text: oneSpaced(text) });
  }
  const instances: IclInstance[] = [];
  for await (const { fields, place } of readBundleLines(await fileIn(folder, [`${split}.json`]))) {
    const task = textField(fields, "task_name", place);
    const known = Object.hasOwn(iclTasks, task) ? iclTasks[task] : undefined;
    if (known === undefined) {
      const all = Object.keys(iclTasks).join(", ");
      throw new RetrieveError("invalid_data", `${place}: "task_name" is ${task}; wanted one of ${all}`);
    }
    instances.push({
      ...{ id: `${task}/${instances.length}`, task, input: oneSpaced(textField(fields, "query", place)) },
      answers: textsField(fields, "answers", place).map((text) => oneSpaced(text).trim()),
      ...{ options: textsField(fields, "options", place), metric: known.metric },
    });
  }
  return keepAnswered(instances, pool);
}

function keepAnswered(instances: readonly IclInstance[], pool: readonly PoolRecord[]): IclData {
  const answered = instances.filter(({ answers }) => answers.length > 0);
  const left = instances.length - answered.length;
  return { instances: answered, pool, excluded: left > 0 ? { "without answers": left } : {} };
}

function exampleText(input: string, output: string): string {
  return `${oneSpaced(input)}\n${oneSpaced(output)}`;
}

/** As the paper's code reads texts. */
function oneSpaced(text: string): string {
  return text.replace(/ {2,}/g, " ");
}

const metricNames: Readonly<Record<string, IclMetric>> = {
  exact_match: "exactMatch",
  em: "exactMatch",
  rouge_l: "ROUGE-L",
  rl: "ROUGE-L",
};

function metricOf(name: unknown, place: string): IclMetric {
  const found = typeof name === "string" && Object.hasOwn(metricNames, name) ? metricNames[name] : undefined;
  if (found !== undefined) return found;
  throw new RetrieveError(
    "invalid_data",
    `${place}: without options and "metric" is ${JSON.stringify(name)}; wanted options, or one of ${Object.keys(metricNames).join(", ")}`,
  );
}
