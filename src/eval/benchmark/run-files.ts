/** Receipts on disk: `NAME.json`, and `NAME.jsonl` with the results of its queries. */

import { join } from "node:path";
import {
  formatJsonLine,
  parseJsonLine,
  RetrieveError,
  readJsonLines,
  readText,
  writeFileAtomic,
} from "../../std/index.ts";
import type { QueryResult, Receipt } from "./receipt.ts";
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

/**
 * A run as it was written. Throws `not_found` for a missing file, `invalid_data` for one that is no receipt, and
 * `newer_format` for one of a later version.
 */
export async function readReceipt(path: string): Promise<BenchmarkRun> {
  const value = parseJsonLine((await readText(path)).replaceAll("\n", " "), path);
  const receipt = Object(value);
  if (typeof receipt.format !== "number" || typeof receipt.benchmark !== "string") {
    throw new RetrieveError(
      "invalid_data",
      `${path}: is no receipt of a benchmark run; wanted what \`retrieve eval NAME DIR --out FOLDER\` wrote`,
    );
  }
  if (receipt.format !== 1) {
    throw new RetrieveError("invalid_data", `${path}: has format ${receipt.format}, this version reads 1`);
  }
  const results: QueryResult[] = [];
  for await (const line of readJsonLines(path.replace(/\.json$/, ".jsonl"))) results.push(Object(line.value));
  return { receipt, results };
}
