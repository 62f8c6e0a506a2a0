/**
 * One measure of an encoder over several sources, as training asks for it again and again: folders in the BEIR layout,
 * folders of long conversations, files of held-out rows. Dense search alone, because that is what is trained.
 */

import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import { dataSetNames, readBenchmark, readMemoryBenchmark } from "../dataset/index.ts";
import type { Encoder, TaskName } from "../encoder/index.ts";
import { diskError, type OnNotice, type OnProgress, RetrieveError } from "../std/index.ts";
import { evaluateMemory, memoryMetrics } from "./memory.ts";
import { retrievalMetrics } from "./metrics.ts";
import { evaluateRetrieval, rounded } from "./retrieval.ts";
import { evaluateRows, readRankings } from "./rows.ts";

export interface EvaluationSource {
  /** A folder, or a file of rows. */
  readonly path: string;
  /** The instruction pair of both sides. Default: `qa` for a BEIR folder, `chat` for conversations, that of the rows. */
  readonly task?: TaskName;
}

export interface OpenEvaluatorOptions {
  /** At most so many queries of each source, evenly spaced. Default 500. */
  readonly maxQueries?: number;
  /** The metric that each of several sources shows under its name. Default nDCG@10. */
  readonly metric?: string;
  readonly onNotice?: OnNotice;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** Measures an encoder. */
export type Evaluator = (encoder: Encoder) => Promise<Record<string, number>>;

/**
 * Reads all sources once, so that a fault shows now, and gives the function that measures an encoder on them. The split
 * is `dev` where there is one: a checkpoint that is chosen on the test split would flatter itself there.
 *
 * One source gives its metrics under their names. Several give `NAME nDCG@10` each, where NAME is that of file or folder,
 * and the mean of each metric over the sources that have it. Cost of a call: encoding every corpus.
 *
 * Throws `not_found` and `invalid_data` for faulty sources, `invalid_argument` for none, or a metric that none has.
 */
export async function openEvaluator(
  sources: readonly EvaluationSource[],
  options: OpenEvaluatorOptions = {},
): Promise<Evaluator> {
  const { metric = "nDCG@10" } = options;
  const names = dataSetNames(sources.map(({ path }) => path));
  const opened: Measured[] = [];
  for (const source of sources) opened.push(await openSource(source, options));
  checkMetric(opened, names, metric);
  const shown = new Set([metricOf(metric), "nDCG@10", "MRR@10", "Recall@10"]);
  return async (encoder) => {
    const results: Readonly<Record<string, number>>[] = [];
    for (const { measure } of opened) results.push(pick(await measure(encoder), shown));
    const [only] = results;
    if (only !== undefined && results.length === 1) return { ...only };
    const own = results.flatMap((result, at) => {
      const value = result[metricOf(metric)];
      return value === undefined ? [] : [[`${names[at]} ${metricOf(metric)}`, value] as const];
    });
    return { ...meansOf(results), ...Object.fromEntries(own) };
  };
}

/** A source that was read once. */
interface Measured {
  readonly metrics: readonly string[];
  readonly measure: (encoder: Encoder) => Promise<Readonly<Record<string, number>>>;
}

async function openSource(source: EvaluationSource, options: OpenEvaluatorOptions): Promise<Measured> {
  const { path } = source;
  const found = await stat(path).catch((error: unknown) => {
    throw diskError(error, path);
  });
  if (found.isFile()) return await openRows(source, options);
  const isMemory = await isThere(join(path, "conversations.jsonl"));
  return isMemory ? await openMemory(source, options) : await openRetrieval(source, options);
}

async function openRows({ path, task }: EvaluationSource, options: OpenEvaluatorOptions): Promise<Measured> {
  const { maxQueries = queriesByDefault, onNotice, ...watched } = options;
  await readRankings(path, { maxQueries, ...(onNotice && { onNotice }) });
  const given = { file: path, maxQueries, ...(task !== undefined && { task }), ...watchers(watched) };
  return {
    metrics: retrievalMetrics,
    measure: async (encoder) => (await evaluateRows({ ...given, encoder })).metrics,
  };
}

async function openRetrieval(
  { path, task = "qa" }: EvaluationSource,
  options: OpenEvaluatorOptions,
): Promise<Measured> {
  const { maxQueries = queriesByDefault, onNotice, ...watched } = options;
  const isDev = await isThere(join(path, "qrels", "dev.tsv"));
  const chosen = { maxQueries, ...(isDev && { split: "dev" }) };
  await readBenchmark(path, { ...chosen, ...(onNotice && { onNotice }) });
  const given = { folder: path, task, ...chosen, methods: ["dense"] as const, ...watchers(watched) };
  return {
    metrics: retrievalMetrics,
    measure: async (encoder) => {
      const [evaluation] = await evaluateRetrieval({ ...given, encoder });
      return evaluation?.report.metrics ?? {};
    },
  };
}

async function openMemory(
  { path, task = "chat" }: EvaluationSource,
  options: OpenEvaluatorOptions,
): Promise<Measured> {
  const { maxQueries = queriesByDefault, onNotice, ...watched } = options;
  const read = (split: { readonly split?: string }): ReturnType<typeof readMemoryBenchmark> =>
    readMemoryBenchmark(path, { ...split, maxQueries, ...(onNotice && { onNotice }) });
  const { split } = await read({ split: "dev" }).catch(async (error: unknown) => {
    if (RetrieveError.isInstance(error) && error.code === "not_found") return await read({});
    throw error;
  });
  const given = { folder: path, task, split, maxQueries, methods: ["dense"] as const, ...watchers(watched) };
  return {
    metrics: memoryMetrics,
    measure: async (encoder) => (await evaluateMemory({ ...given, encoder }))[0]?.metrics ?? {},
  };
}

const queriesByDefault = 500;

function watchers({
  onProgress,
  signal,
}: OpenEvaluatorOptions): Pick<OpenEvaluatorOptions, "onProgress" | "signal"> {
  return { ...(onProgress && { onProgress }), ...(signal && { signal }) };
}

/** Without the name of a source before it. */
function metricOf(name: string): string {
  return name.slice(name.lastIndexOf(" ") + 1);
}

function checkMetric(opened: readonly Measured[], names: readonly string[], metric: string): void {
  if (opened.length === 0) {
    throw new RetrieveError("invalid_argument", "evaluation: no source; name a folder or a file of rows");
  }
  const wanted = metricOf(metric);
  const having = opened.flatMap(({ metrics }, at) => (metrics.includes(wanted) ? [names[at]] : []));
  const known =
    metric === wanted
      ? having.length > 0
      : opened.length > 1 && having.includes(metric.slice(0, -wanted.length - 1));
  if (known) return;
  const all = [...new Set(opened.flatMap(({ metrics }) => metrics))];
  const own = opened.length > 1 ? `, each also as "NAME METRIC" for ${names.join(", ")}` : "";
  throw new RetrieveError(
    "invalid_argument",
    `evaluation: there is no metric ${metric}; wanted one of ${all.join(", ")}${own}`,
  );
}

function pick(metrics: Readonly<Record<string, number>>, names: ReadonlySet<string>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => names.has(name)));
}

function meansOf(results: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = [...new Set(results.flatMap((result) => Object.keys(result)))];
  const means = names.map((name) => {
    const values = results.flatMap((result) => result[name] ?? []);
    return [name, values.reduce((sum, value) => sum + value, 0) / values.length] as const;
  });
  return rounded(Object.fromEntries(means));
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
