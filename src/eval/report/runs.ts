/** Runs from the disk: receipts, each with the results of its queries. */

import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { diskError, parseJsonLine, RetrieveError, readJsonLines, readText } from "../../std/index.ts";
import type { QueryResult, Receipt } from "../benchmark/receipt.ts";
import { looksLikeReceipt, parseReceipt, parseResult } from "./receipt-form.ts";
import { shorten } from "./shorten.ts";

/** One system on one benchmark. */
export interface BenchmarkRun {
  /** The name of its files, without ending. */
  readonly name: string;
  /** Of the receipt, absolute. */
  readonly path: string;
  readonly receipt: Receipt;
  /** Texts shortened, and of what was retrieved the best only: what a report shows. */
  readonly results: readonly QueryResult[];
}

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
export async function readRuns(paths: readonly string[]): Promise<BenchmarkRun[]> {
  const receipts = (await Promise.all(paths.map(receiptsAt))).flat();
  const runs: BenchmarkRun[] = [];
  for (const path of receipts) runs.push(await readRun(path));
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

async function readJson(path: string): Promise<unknown> {
  return parseJsonLine(await readText(path), path);
}

async function readRun(path: string): Promise<BenchmarkRun> {
  if (!path.endsWith(".json")) {
    throw new RetrieveError("invalid_argument", `${path}: not a receipt; name NAME.json or a folder of them`);
  }
  const receipt = parseReceipt({ value: await readJson(path), place: path });
  return { name: basename(path, ".json"), path, receipt, results: await readResults(path, receipt) };
}

async function readResults(path: string, receipt: Receipt): Promise<QueryResult[]> {
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
    results.set(result.id, shortened(result));
  }
  if (results.size >= receipt.queries) return [...results.values()];
  throw new RetrieveError(
    "invalid_data",
    `${file}: holds ${results.size} queries, its receipt counts ${receipt.queries}; copy it again or run again`,
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

function checkDistinct(runs: readonly BenchmarkRun[]): void {
  const known = new Map<string, BenchmarkRun>();
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
