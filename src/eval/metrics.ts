/**
 * How good a ranking is: the measures of trec_eval, as pure functions of a run and of judgements.
 *
 * Gain is linear (the judged score itself), a document is relevant when its gain is at least 1, and what is not judged,
 * or judged below 0, has gain 0. Nothing here reads files or changes its arguments. Definitions: trec_eval 9,
 * `m_ndcg_cut.c`, `m_map.c`, `m_recip_rank.c`, `m_P.c`, `m_recall.c`, `m_success.c`; its own answers stand in
 * `test/golden/metrics.json`.
 */

import type { Qrels } from "../dataset/index.ts";
import { RetrieveError } from "../std/index.ts";

/** A found document. */
export interface Scored {
  readonly id: string;
  readonly score: number;
}

/** What was found for each query. The order within a query does not matter: {@link rank} decides it. */
export type Run = ReadonlyMap<string, readonly Scored[]>;

/** `nDCG@10`, `MAP`, …: the measure, then its cutoff where it has one. */
export type MetricName = `${"nDCG" | "Recall" | "MRR" | "Precision" | "Success"}@${number}` | "MAP";

/** What `eval retrieval` reports. */
export const retrievalMetrics: readonly MetricName[] = [
  "nDCG@10",
  "Recall@10",
  "MRR@10",
  "MAP",
  "nDCG@1",
  "nDCG@3",
  "nDCG@5",
  "nDCG@100",
  "Recall@1",
  "Recall@5",
  "Recall@100",
  "Precision@1",
  "Precision@5",
  "Precision@10",
  "Success@1",
  "Success@5",
  "Success@10",
];

export interface Evaluation {
  /** Means over the queries that have gold; a query that the run lacks counts 0. */
  readonly mean: Readonly<Record<string, number>>;
  readonly perQuery: ReadonlyMap<string, Readonly<Record<string, number>>>;
}

/**
 * Each metric for each query of `qrels` that has gold, and its mean.
 *
 * Throws `invalid_argument` for an unknown metric, a score that is not a number, a document that is twice in one
 * ranking, and judgements without any gold.
 */
export function evaluateRun(
  run: Run,
  qrels: Qrels,
  metrics: readonly MetricName[] = retrievalMetrics,
): Evaluation {
  const measures = metrics.map((name) => ({ name, measure: parseMetric(name) }));
  const perQuery = new Map<string, Record<string, number>>();
  for (const [query, judged] of qrels) {
    const gold = [...judged.values()].filter(isRelevant).sort((left, right) => right - left);
    if (gold.length === 0) continue;
    const found = rank(run.get(query) ?? [], query).map(({ id }) => Math.max(0, judged.get(id) ?? 0));
    perQuery.set(
      query,
      Object.fromEntries(measures.map(({ name, measure }) => [name, measure(found, gold)])),
    );
  }
  if (perQuery.size === 0) {
    throw new RetrieveError("invalid_argument", "no query has gold: a judgement of at least 1 is wanted");
  }
  return { mean: meanOf(metrics, perQuery), perQuery };
}

/**
 * The order in which trec_eval reads a ranking: by score as a 32-bit float, falling, then by document id, falling.
 *
 * Throws `invalid_argument` naming the query for a score that is not a number or a document that comes twice.
 */
export function rank(found: readonly Scored[], query = ""): Scored[] {
  const seen = new Set<string>();
  for (const { id, score } of found) {
    if (Number.isNaN(score)) {
      throw new RetrieveError("invalid_argument", `query "${query}": the score of document "${id}" is NaN`);
    }
    if (seen.has(id)) {
      throw new RetrieveError("invalid_argument", `query "${query}": document "${id}" is ranked twice`);
    }
    seen.add(id);
  }
  return [...found].sort(
    (left, right) => compareScores(left.score, right.score) || compareCodePoints(right.id, left.id),
  );
}

/** From the gains in ranked order and the relevant gains of the query, falling, to a number from 0 to 1. */
type Measure = (found: readonly number[], gold: readonly number[]) => number;

const cutMeasures: Readonly<Record<string, (k: number) => Measure>> = {
  nDCG: (k) => (found, gold) => dcg(found.slice(0, k)) / dcg(gold.slice(0, k)),
  Recall: (k) => (found, gold) => countRelevant(found.slice(0, k)) / gold.length,
  Precision: (k) => (found) => countRelevant(found.slice(0, k)) / k,
  Success: (k) => (found) => (found.slice(0, k).some(isRelevant) ? 1 : 0),
  MRR: (k) => (found) => {
    const first = found.slice(0, k).findIndex(isRelevant);
    return first < 0 ? 0 : 1 / (first + 1);
  },
};

function parseMetric(name: string): Measure {
  if (name === "MAP") return averagePrecision;
  const [kind = "", cutoff = ""] = name.split("@");
  const measure = Object.hasOwn(cutMeasures, kind) ? cutMeasures[kind] : undefined;
  if (measure === undefined || !/^[1-9]\d*$/.test(cutoff)) {
    const known = Object.keys(cutMeasures).map((known) => `${known}@k`);
    throw new RetrieveError("invalid_argument", `unknown metric "${name}"; known: ${known.join(", ")}, MAP`);
  }
  return measure(Number(cutoff));
}

/** sum over ranks i from 1 of gain_i / log2(i + 1) */
function dcg(gains: readonly number[]): number {
  return gains.reduce((sum, gain, index) => sum + gain / Math.log2(index + 2), 0);
}

/** (1 / |gold|) · sum over the ranks i of relevant documents of Precision@i */
function averagePrecision(found: readonly number[], gold: readonly number[]): number {
  let relevant = 0;
  let sum = 0;
  for (const [index, gain] of found.entries()) {
    if (!isRelevant(gain)) continue;
    relevant++;
    sum += relevant / (index + 1);
  }
  return sum / gold.length;
}

function isRelevant(gain: number): boolean {
  return gain >= 1;
}

function countRelevant(gains: readonly number[]): number {
  return gains.filter(isRelevant).length;
}

function meanOf(
  names: readonly string[],
  perQuery: ReadonlyMap<string, Readonly<Record<string, number>>>,
): Record<string, number> {
  const rows = [...perQuery.values()];
  const mean = (name: string): number => rows.reduce((sum, row) => sum + (row[name] ?? 0), 0) / rows.length;
  return Object.fromEntries(names.map((name) => [name, mean(name)]));
}

function compareScores(left: number, right: number): number {
  const [a, b] = [Math.fround(left), Math.fround(right)];
  return a === b ? 0 : b - a;
}

/** As `strcmp` on UTF-8. JavaScript's own order is by UTF-16 unit, which puts emoji before U+E000 to U+FFFF. */
function compareCodePoints(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    if (left.charCodeAt(index) === right.charCodeAt(index)) continue;
    return (left.codePointAt(index) ?? 0) - (right.codePointAt(index) ?? 0);
  }
  return left.length - right.length;
}
