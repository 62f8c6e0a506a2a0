/** Benchmark runs of invented numbers, on the disk as `retrieve eval` leaves them. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { QueryResult, Receipt } from "#src/eval/index.js";

export type GivenReceipt = Partial<Omit<Receipt, "system" | "data" | "metrics">> & {
  readonly method?: Receipt["system"]["method"];
  readonly model?: string | null;
  readonly fingerprint?: string | null;
  readonly data?: Partial<Receipt["data"]>;
  readonly metrics?: Receipt["metrics"];
};

/** The result of a query with one metric. */
export function resultOf(
  id: string,
  metrics: Record<string, number>,
  more: Partial<QueryResult> = {},
): QueryResult {
  return { id, query: `question ${id}`, metrics, retrieved: [], ...more };
}

/** A receipt over `results`; its headline is their mean unless `metrics` are given. */
export function receiptOf(results: readonly QueryResult[], given: GivenReceipt = {}): Receipt {
  const { method = "bm25", model = null, fingerprint = null, data = {}, ...rest } = given;
  const headline = given.headline ?? "nDCG@10";
  const values = results.flatMap(({ metrics }) => metrics[headline] ?? []);
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return {
    ...{ format: 1, benchmark: "retrieval", llm: null, lowerIsBetter: false, queries: results.length },
    ...{ corpus: 40, excluded: {}, config: {}, seed: 0, version: "1.2.3", machine: "one core" },
    ...{ date: "2026-01-02T03:04:05Z", seconds: 1.5, metrics: { [headline]: mean } },
    ...rest,
    headline,
    named: { model: null, llm: null },
    data: { name: "set", folder: "set", split: "test", sha256: "a".repeat(64), ...data },
    system: { method, model, fingerprint },
  };
}

/** Writes `NAME.json` and `NAME.jsonl` into `folder`; returns the path of the receipt. */
export function writeRun(
  folder: string,
  name: string,
  results: readonly QueryResult[],
  given: GivenReceipt = {},
): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(receiptOf(results, given)));
  writeFileSync(`${path}l`, results.map((result) => `${JSON.stringify(result)}\n`).join(""));
  return path;
}
