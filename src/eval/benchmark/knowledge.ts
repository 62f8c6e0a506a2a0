/** What benchmarks of knowledge share: the passages that are searched, and how they stand in a prompt. */

import { join } from "node:path";
import { fileIn, isFile, readBenchmark, readBundleCorpus } from "../../dataset/index.ts";
import { RetrieveError, readJsonLines } from "../../std/index.ts";
import type { PoolRecord } from "./benchmark.ts";

/**
 * Passages to search: the file or folder that was named, else `corpus.json` or `corpus.jsonl` beside the questions, else
 * where the bundle has them.
 */
export async function openPassages(
  folder: string,
  named: string | undefined,
  inBundle: string,
): Promise<PoolRecord[]> {
  const places = ["corpus.json", "corpus.jsonl"].map((name) => join(folder, name));
  const found = named ?? (await firstOf([...places, join(folder, "..", inBundle, "corpus.json")]));
  if (found === undefined) {
    throw new RetrieveError(
      "not_found",
      `${folder}: no passages to search; wanted corpus.json beside the questions, ../${inBundle}/corpus.json as in the bundle, or --corpus FILE`,
    );
  }
  const path = await fileIn(found, ["corpus.json", "corpus.jsonl"]);
  const records: PoolRecord[] = [];
  for await (const { id, text } of readBundleCorpus(path)) records.push({ id, text });
  return records;
}

async function firstOf(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await isFile(path)) return path;
  return undefined;
}

/** `Knowledge:` and the passages a line each, then an empty line; nothing without passages. */
export function knowledgeBlock(passages: readonly string[]): string {
  return passages.length === 0 ? "" : `Knowledge:\n${passages.join("\n")}\n\n`;
}

/** A BEIR folder whose queries carry answers: `metadata.answers`, a list, or `metadata.answer`. */
export async function readAnsweredBenchmark(
  folder: string,
  options: { readonly split?: string; readonly maxQueries?: number },
): Promise<{
  readonly benchmark: Awaited<ReturnType<typeof readBenchmark>>;
  readonly answers: ReadonlyMap<string, readonly string[]>;
}> {
  const benchmark = await readBenchmark(folder, options);
  const wanted = new Set(benchmark.queries.map(({ id }) => id));
  const answers = new Map<string, readonly string[]>();
  for await (const { value } of readJsonLines(join(folder, "queries.jsonl"))) {
    const { _id: id, metadata } = Object(value);
    if (wanted.has(String(id))) answers.set(String(id), answersIn(metadata));
  }
  return { benchmark, answers };
}

function answersIn(metadata: unknown): string[] {
  const { answers, answer } = Object(metadata ?? {});
  const all: unknown[] = Array.isArray(answers) ? answers : [answer];
  return all.filter((one): one is string => typeof one === "string" && one.trim() !== "");
}
