/** Negatives of a query out of a pool of texts: random ones, or the nearest by BM25. */

import { createBm25 } from "../../retrieve/index.ts";
import { drawPlaces } from "../draw.ts";
import { createExclusion } from "../exclusion.ts";
import type { NegativesOptions } from "./converter.ts";

/**
 * The negatives of query number `row` as places in the pool: none has the text of a positive, and none that of another.
 * Fewer than wanted where the pool has no more.
 */
export type ChooseNegatives = (query: string, row: number, positives: readonly string[]) => number[];

/** A chooser over `pool`; the BM25 index is built here, once. */
export function negativesFrom(
  pool: readonly string[],
  { method, count }: NegativesOptions,
  seed: number,
): ChooseNegatives {
  if (method === "none") return () => [];
  const nearest = method === "bm25" ? nearestFirst(pool, count) : undefined;
  return (query, row, positives) => {
    const exclusion = createExclusion(positives);
    const chosen: number[] = [];
    for (const place of nearest?.(query) ?? drawPlaces(pool.length, seed, row)) {
      if (chosen.length === count) break;
      if (exclusion.take(pool[place] ?? "")) chosen.push(place);
    }
    return chosen;
  };
}

/** A ranking deep enough for `count` texts beside positives and repeats. */
function nearestFirst(pool: readonly string[], count: number): (query: string) => number[] {
  const bm25 = createBm25();
  pool.forEach((text, place) => {
    bm25.add(`${place}`, text);
  });
  const depth = Math.max(100, 4 * count);
  return (text) =>
    bm25
      .score([{ text, weight: 1 }])
      .top(depth)
      .map(({ id }) => Number(id));
}
