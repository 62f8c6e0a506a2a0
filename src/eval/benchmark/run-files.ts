/** Receipts on disk: `NAME.json`, and `NAME.jsonl` with the results of its queries. */

import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  formatJsonLine,
  parseJsonLine,
  RetrieveError,
  readJsonLines,
  readText,
  writeFileAtomic,
} from "../../std/index.ts";
import type { QueryResult, Receipt } from "./receipt.ts";
import { parseReceipt, parseResult } from "./receipt-form.ts";
import type { BenchmarkRun } from "./run.ts";

/** What tells the runs of a folder apart: benchmark, data, system, language model. */
export function runName({ benchmark, data, system, llm, config }: Receipt): string {
  const window = config["window"] === undefined ? undefined : `window-${config["window"]}`;
  const parts = [benchmark, data.name, data.split, system.method, system.model, llm, window];
  return parts
    .filter((part) => part !== null && part !== undefined)
    .map((part) => String(part).replaceAll(/[^\w-]+/g, "_"))
    .join(".");
}

/** Writes both files into `folder`, the results first: a receipt that is there is whole. Returns the receipt's path. */
export async function writeRun(folder: string, { receipt, results }: BenchmarkRun): Promise<string> {
  const path = join(folder, runName(receipt));
  await writeFileAtomic(`${path}.jsonl`, results.map(formatJsonLine));
  await writeFileAtomic(`${path}.json`, `${JSON.stringify(receipt, null, 2)}\n`);
  return `${path}.json`;
}

/** A run that was read from the disk. */
export interface StoredRun extends BenchmarkRun {
  /** The name of its files, without ending. */
  readonly name: string;
  /** Of the receipt, as it was given. */
  readonly path: string;
}

/**
 * A run as it was written; `keep` says what of each result is kept.
 *
 * Throws `invalid_argument` for another ending, `not_found` for missing files, `invalid_data` for what is no receipt and for
 * results that are broken, doubled or incomplete, `format_version` for a receipt of a newer version.
 */
export async function readRun(
  path: string,
  keep: (result: QueryResult) => QueryResult = (result) => result,
): Promise<StoredRun> {
  if (!path.endsWith(".json")) {
    throw new RetrieveError("invalid_argument", `${path}: not a receipt; name NAME.json or a folder of them`);
  }
  const receipt = parseReceipt({ value: await readJson(path), place: path });
  return { name: basename(path, ".json"), path, receipt, results: await readResults(path, receipt, keep) };
}

/** A file that is one JSON value. */
export async function readJson(path: string): Promise<unknown> {
  return parseJsonLine(await readText(path), path);
}

async function readResults(
  path: string,
  receipt: Receipt,
  keep: (result: QueryResult) => QueryResult,
): Promise<QueryResult[]> {
  const file = `${path}l`;
  await stat(file).catch(() => {
    throw new RetrieveError(
      "not_found",
      `${file}: no such file; the results of the queries belong beside their receipt, copy both`,
    );
  });
  const results = new Map<string, QueryResult>();
  for await (const line of readJsonLines(file)) {
    const result = parseResult(line);
    if (results.has(result.id)) {
      throw new RetrieveError("invalid_data", `${line.place}: query "${result.id}" stands here twice`);
    }
    results.set(result.id, keep(result));
  }
  if (results.size >= receipt.queries) return [...results.values()];
  throw new RetrieveError(
    "invalid_data",
    `${file}: holds ${results.size} queries, its receipt counts ${receipt.queries}; copy it again or run again`,
  );
}
