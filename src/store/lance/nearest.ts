/** The nearest rows of a table, read from its files: a scan, or its approximate index. */

import type { Table } from "@lancedb/lancedb";
import { compareText } from "../filter.ts";
import { toFound } from "../record.ts";
import type { Hit } from "../vector-store.ts";
import { foundRows, numberAt } from "./arrow.ts";
import { FOUND_COLUMNS } from "./columns.ts";

export interface NearestOptions {
  readonly topK: number;
  /** SQL. */
  readonly where: string | undefined;
  /** Partitions of the approximate index to look into; undefined scans every row. */
  readonly probes: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Rows asked for beyond `topK`, to see whether the last place is shared. */
const MARGIN = 6;

/**
 * The hits in order. The engine breaks ties as it likes, so it is asked for more rows until those that share the
 * score of the last place are all there; then ids decide.
 */
export async function nearest(table: Table, vector: Float32Array, options: NearestOptions): Promise<Hit[]> {
  const { topK } = options;
  for (let limit = topK + MARGIN; ; limit *= 4) {
    options.signal?.throwIfAborted();
    const hits = await nearestRows(table, vector, options, limit);
    const last = hits.at(-1);
    if (last === undefined || hits.length < limit || last.score < (hits[topK - 1]?.score ?? 0)) {
      return hits.slice(0, topK);
    }
  }
}

async function nearestRows(
  table: Table,
  vector: Float32Array,
  { where, probes }: NearestOptions,
  limit: number,
): Promise<Hit[]> {
  let query = table
    .query()
    .nearestTo(vector)
    .distanceType("dot")
    .limit(limit)
    .select([...FOUND_COLUMNS, "_distance"]);
  query = probes === undefined ? query.bypassVectorIndex() : query.nprobes(probes);
  if (where !== undefined) query = query.where(where);
  const hits: Hit[] = [];
  for await (const batch of query) {
    let row = 0;
    for (const found of foundRows(batch)) {
      const score = Math.fround(1 - numberAt(batch, "_distance", row++)); // the engine's distance is 1 - dot
      hits.push({ id: found.id, score, record: toFound(found) });
    }
  }
  return hits.sort((left, right) => right.score - left.score || compareText(left.id, right.id));
}
