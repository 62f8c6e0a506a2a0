/**
 * A benchmark run against the retriever itself: the collection, the stores' exact search, BM25 and the fusion that
 * serve users also rank here.
 */

import { type BenchmarkQuery, readBenchmark } from "../dataset/index.ts";
import type { EncodeOptions, Encoder, TaskName } from "../encoder/index.ts";
import { type Collection, conversationQuery, type Query, type SearchMethod } from "../retrieve/index.ts";
import type { OnNotice, OnProgress } from "../std/index.ts";
import { openCorpus } from "./corpus.ts";
import { type Evaluation, evaluateRun, type Run, type Scored } from "./metrics.ts";
import { runDepth, strictlyFalling } from "./trec.ts";

/**
 * Which turns of a conversation make the query, each in full: the last alone, also the user's earlier ones, or all.
 * A function makes queries of its own form.
 */
export type HistoryForm = "last" | "user" | "all" | ((query: BenchmarkQuery, method: SearchMethod) => Query);

export interface EvaluateRetrievalOptions {
  /** A folder in the BEIR layout. */
  readonly folder: string;
  /** Default `test` where there is one, else `dev`. */
  readonly split?: string;
  /** The instruction pair of both sides. Default `qa`. */
  readonly task?: TaskName;
  /** Default hybrid alone. The corpus is encoded once for all. */
  readonly methods?: readonly SearchMethod[];
  readonly encoder: Encoder;
  /** Default: the form in which a chat is searched by the method, {@link conversationQuery}. */
  readonly history?: HistoryForm;
  /** At most so many queries, evenly spaced over the file. Default all. */
  readonly maxQueries?: number;
  /** How deep rankings go. Default 100. */
  readonly topK?: number;
  /** Where document vectors are kept between runs. Default: nowhere. */
  readonly cacheFolder?: string;
  readonly onProgress?: OnProgress;
  readonly onNotice?: OnNotice;
  readonly signal?: AbortSignal;
}

/** What was measured, in the shape that the command line prints. */
export interface RetrievalReport {
  /** Means over the queries of the split that have gold. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly queries: number;
  readonly corpus: number;
  /** From reading to the last metric; the time that methods share counts for each. */
  readonly seconds: number;
  /** The encoder; null for bm25, which has none. */
  readonly model: string | null;
  readonly method: SearchMethod;
  readonly split: string;
}

export interface RetrievalEvaluation {
  readonly report: RetrievalReport;
  /** The rankings in the order of use, scores strictly falling: trec_eval on the written run agrees with the report. */
  readonly run: Run;
  /** What the means of the report are of, by query id. */
  readonly perQuery: Evaluation["perQuery"];
}

/**
 * Ranks the corpus for each query of the split, once for each method, and measures the rankings.
 *
 * Throws what {@link readBenchmark} throws.
 */
export async function evaluateRetrieval(options: EvaluateRetrievalOptions): Promise<RetrievalEvaluation[]> {
  const { encoder, methods = ["hybrid"] } = options;
  const started = performance.now();
  const benchmark = await readBenchmark(options.folder, options);
  const asked = methods.map((method) => ({
    method,
    queries: benchmark.queries.map((query) => queryOf(query, method, options.history)),
  }));
  await using collection = await openCorpus({
    documents: benchmark.corpus.map(({ id, text }) => ({ id, text, metadata: {} })),
    queries: asked.flatMap(({ method, queries }) =>
      method === "bm25" ? [] : queries.map(({ text }) => text),
    ),
    encoder,
    task: options.task ?? "qa",
    methods,
    cacheFolder: options.cacheFolder,
    encoding: encodingOf(options),
  });
  const shared = performance.now() - started;

  const evaluations: RetrievalEvaluation[] = [];
  for (const { method, queries } of asked) {
    const begun = performance.now();
    const run = await rankAll(collection, benchmark.queries, queries, { ...options, method });
    const { mean, perQuery } = evaluateRun(run, benchmark.qrels);
    const report = {
      metrics: rounded(mean),
      queries: queries.length,
      corpus: benchmark.corpus.length,
      seconds: Math.round(shared + performance.now() - begun) / 1000,
      model: method === "bm25" ? null : encoder.name,
      method,
      split: benchmark.split,
    };
    evaluations.push({ report, run, perQuery });
  }
  return evaluations;
}

type RankOptions = Pick<EvaluateRetrievalOptions, "topK" | "onProgress" | "signal"> & {
  readonly method: SearchMethod;
};

/** `queries[i]` is the form in which `asked[i]` is searched. */
async function rankAll(
  collection: Collection,
  asked: readonly BenchmarkQuery[],
  queries: readonly Query[],
  { method, topK = runDepth, onProgress, signal }: RankOptions,
): Promise<Run> {
  const run = new Map<string, Scored[]>();
  for (let from = 0; from < queries.length; from += askedAtOnce) {
    const some = queries.slice(from, from + askedAtOnce);
    const rankings = await Promise.all(
      some.map((query) => collection.search(query, { method, topK, ...(signal && { signal }) })),
    );
    rankings.forEach((hits, index) => {
      run.set(asked[from + index]?.id ?? "", strictlyFalling(hits));
    });
    onProgress?.({ done: run.size, total: queries.length, unit: `${method} queries` });
  }
  return run;
}

/** The store answers these with shared passes over its vectors. */
const askedAtOnce = 16;

function queryOf(query: BenchmarkQuery, method: SearchMethod, form?: HistoryForm): Query {
  const { history, text } = query;
  if (typeof form === "function") return form(query, method);
  const earlier = history.filter(({ role }) => form !== "user" || role === "user").map((turn) => turn.text);
  if (form === undefined) return conversationQuery(earlier, text, method);
  // Newest first, because the encoder cuts on the right.
  return { text: [text, ...(form === "last" ? [] : earlier.toReversed())].join(" ") };
}

/** What of the options encoding takes. */
export function encodingOf({
  onProgress,
  signal,
}: Pick<EncodeOptions, "onProgress" | "signal">): EncodeOptions {
  return { ...(onProgress && { onProgress }), ...(signal && { signal }) };
}

/** To five decimals, as people and diffs read them. */
export function rounded(metrics: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => [name, Math.round(value * 1e5) / 1e5]),
  );
}
