/** Runs from the disk: receipts, each with the results of its queries. */

import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { diskError, RetrieveError } from "../../std/index.ts";
import type { QueryResult, Receipt } from "../benchmark/receipt.ts";
import { looksLikeReceipt } from "../benchmark/receipt-form.ts";
import { readJson, readRun, type StoredRun } from "../benchmark/run-files.ts";
import { shorten } from "./shorten.ts";

/** Hits of a query that are shown. */
const shownHits = 3;
/** Characters that are shown of a query, an output or an answer, and of each retrieved text. */
const shownText = 200;
const shownHitText = 140;

/**
 * The runs of receipts and of folders that hold some (other files in a folder are passed over), in the order given, by
 * name within a folder. Memory: what a report shows of each query.
 *
 * Throws `not_found` for a path that is not there, a folder without receipts and a receipt without results;
 * `invalid_data` for what is no receipt, broken or incomplete results; `format_version` for a receipt of a newer
 * version; `invalid_argument` for two runs of the same system, data and settings.
 */
export async function readRuns(paths: readonly string[]): Promise<StoredRun[]> {
  const receipts = (await Promise.all(paths.map(receiptsAt))).flat();
  const runs: StoredRun[] = [];
  for (const path of receipts) runs.push(await readRun(path, shortened));
  checkDistinct(runs);
  return runs;
}

async function receiptsAt(path: string): Promise<string[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw diskError(error, path);
  });
  if (!found.isDirectory()) return [resolve(path)];
  const names = (await readdir(path)).filter((name) => name.endsWith(".json")).sort();
  const receipts: string[] = [];
  for (const name of names) {
    if (looksLikeReceipt(await readJson(join(path, name)))) receipts.push(resolve(path, name));
  }
  if (receipts.length > 0) return receipts;
  throw new RetrieveError(
    "not_found",
    `${path}: holds no receipts; wanted NAME.json with NAME.jsonl beside it, as retrieve eval writes them`,
  );
}

function shortened(result: QueryResult): QueryResult {
  const { retrieved, gold, output, query } = result;
  return {
    ...result,
    query: shorten(query, shownText),
    retrieved: retrieved.slice(0, shownHits).map((hit) => ({
      ...hit,
      ...(hit.text !== undefined && { text: shorten(hit.text, shownHitText) }),
    })),
    ...(gold !== undefined && { gold: gold.slice(0, shownHits).map((one) => shorten(one, shownText)) }),
    ...(output !== undefined && { output: shorten(output, shownText) }),
  };
}

function checkDistinct(runs: readonly StoredRun[]): void {
  const known = new Map<string, StoredRun>();
  for (const run of runs) {
    const key = identityOf(run.receipt);
    const other = known.get(key);
    if (other !== undefined) {
      const what = other.path === run.path ? "is given twice" : `is the same run as ${other.path}`;
      throw new RetrieveError(
        "invalid_argument",
        `${run.path}: ${what} (same system, data, settings and seed); name one of them`,
      );
    }
    known.set(key, run);
  }
}

function identityOf({ benchmark, data, system, llm, config, seed, version }: Receipt): string {
  const settings = Object.entries(config).sort(([left], [right]) => (left < right ? -1 : 1));
  const { method, model, fingerprint } = system;
  return JSON.stringify([
    ...[benchmark, data.name, data.split, data.sha256, method, model, fingerprint, llm],
    ...[settings, seed, version],
  ]);
}
