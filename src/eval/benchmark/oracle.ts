/** The best that retrieval could do: the labelled records, or the one with which the language model does best. */

import { RetrieveError } from "../../std/index.ts";
import type { Scored } from "../metrics.ts";
import type { Item, Measured, OpenBenchmark, PoolRecord } from "./benchmark.ts";

/** Measures an item with some records found. */
export type Measure = (item: Item, found: readonly PoolRecord[]) => Promise<Measured>;

/** Records of a pool that are tried one by one; a larger pool has no oracle but its labels. */
const mostTried = 1000;

/** The gold of an item that is among `known`, greatest gain first. */
export function goldRanking(
  gold: ReadonlyMap<string, number>,
  known: ReadonlyMap<string, PoolRecord>,
): Scored[] {
  return [...gold]
    .filter(([id, gain]) => gain >= 1 && known.has(id))
    .toSorted(([, left], [, right]) => right - left)
    .map(([id], at) => ({ id, score: -at }));
}

/**
 * The record of the pool with which alone the item comes out best. Costs a measure for each record.
 *
 * Throws `invalid_argument` for a pool that is too large, and where there is no `measure`.
 */
export async function bestRecord(
  item: Item,
  pool: readonly PoolRecord[],
  { compared, headline, lowerIsBetter = false }: OpenBenchmark,
  measure: Measure | undefined,
): Promise<Scored[]> {
  if (measure === undefined || pool.length > mostTried) {
    throw new RetrieveError(
      "invalid_argument",
      `method oracle: nothing is labelled, and ${pool.length} records are to be tried; wanted labels, or a language model and at most ${mostTried} records a query`,
    );
  }
  let best: Scored | undefined;
  for (const record of pool) {
    const tried = await measure(item, [record]);
    const value = "leftOut" in tried ? undefined : tried.metrics[compared ?? headline];
    if (value === undefined) continue;
    const score = lowerIsBetter ? -value : value;
    if (best === undefined || score > best.score) best = { id: record.id, score };
  }
  return best === undefined ? [] : [best];
}
