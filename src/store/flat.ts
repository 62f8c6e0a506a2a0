/**
 * Rows in memory and the exact nearest among them. Knows nothing of files, versions or promises.
 *
 * n rows · d dimensions. Vectors lie in one array [capacity, d] to which rows are only appended: a replaced row leaves
 * a gap, so whoever walks over an older state keeps reading it; gaps go when the array grows.
 */

import { createBoundedHeap } from "../std/index.ts";
import { compareText, type Filter, matches } from "./filter.ts";
import { type FoundRow, type Row, toFound } from "./record.ts";
import type { Hit, SearchOptions } from "./vector-store.ts";

export interface Flat {
  readonly size: number;
  /** Inserts or replaces; with `replacing`, rows that match it and are not given are removed. */
  put(rows: readonly Row[], replacing?: Filter): void;
  /** How many of the ids were there. */
  remove(ids: readonly string[]): number;
  get(id: string): Row | undefined;
  /** The rows of this moment, whatever is written while they are read. */
  snapshot(filter?: Filter): Iterable<Row>;
  count(filter?: Filter): number;
  /** Exact: O(n d + n log topK). */
  search(vector: Float32Array, options: SearchOptions): Hit[];
}

interface Candidate {
  readonly score: number;
  readonly row: FoundRow;
}

const SMALLEST_CAPACITY = 256;

/** An empty table of rows with vectors of length `dimensions`. */
export function createFlat(dimensions: number): Flat {
  let vectors = new Float32Array(0);
  let rows: (FoundRow | undefined)[] = []; // by slot; undefined is a gap
  let slots = new Map<string, number>();

  const repack = (more: number): void => {
    const packed = new Float32Array(Math.max(SMALLEST_CAPACITY, 2 * (slots.size + more)) * dimensions);
    const kept: FoundRow[] = [];
    const moved = new Map<string, number>();
    rows.forEach((row, slot) => {
      if (row === undefined) return;
      packed.set(vectors.subarray(slot * dimensions, (slot + 1) * dimensions), kept.length * dimensions);
      moved.set(row.id, kept.length);
      kept.push(row);
    });
    [vectors, rows, slots] = [packed, kept, moved];
  };
  const removeOne = (id: string): boolean => {
    const slot = slots.get(id);
    if (slot === undefined) return false;
    rows[slot] = undefined;
    return slots.delete(id);
  };
  const putOne = ({ vector, ...row }: Row): void => {
    removeOne(row.id);
    if ((rows.length + 1) * dimensions > vectors.length) repack(1);
    vectors.set(vector, rows.length * dimensions);
    slots.set(row.id, rows.length);
    rows.push(row);
  };
  const keeps = (row: FoundRow | undefined, filter: Filter | undefined): row is FoundRow =>
    row !== undefined && (filter === undefined || matches(filter, row.metadata));

  return {
    get size() {
      return slots.size;
    },
    put(given, replacing) {
      const stale = replacing === undefined ? [] : rows.filter((row) => keeps(row, replacing));
      for (const row of stale) if (row !== undefined) removeOne(row.id);
      for (const row of given) putOne(row);
    },
    remove: (ids) => ids.filter(removeOne).length,
    get(id) {
      const slot = slots.get(id);
      const row = slot === undefined ? undefined : rows[slot];
      if (slot === undefined || row === undefined) return undefined;
      return { ...row, vector: vectors.subarray(slot * dimensions, (slot + 1) * dimensions) };
    },
    snapshot(filter) {
      return walk(vectors, dimensions, [...rows], (row) => keeps(row, filter));
    },
    count: (filter) =>
      filter === undefined ? slots.size : rows.reduce((sum, row) => sum + (keeps(row, filter) ? 1 : 0), 0),
    search(query, { topK, filter }) {
      const heap = createBoundedHeap<Candidate>(topK, byScore);
      let worst = Number.NEGATIVE_INFINITY;
      for (let slot = 0; slot < rows.length; slot++) {
        const row = rows[slot];
        if (!keeps(row, filter)) continue;
        const score = innerProduct(query, vectors, slot * dimensions);
        if (score < worst) continue;
        heap.push({ score, row });
        worst = heap.worst()?.score ?? Number.NEGATIVE_INFINITY;
      }
      return heap.sorted().map(({ score, row }) => ({ id: row.id, score, record: toFound(row) }));
    },
  };
}

function* walk(
  vectors: Float32Array,
  dimensions: number,
  rows: readonly (FoundRow | undefined)[],
  keeps: (row: FoundRow | undefined) => row is FoundRow,
): Generator<Row> {
  for (const [slot, row] of rows.entries()) {
    if (keeps(row)) yield { ...row, vector: vectors.subarray(slot * dimensions, (slot + 1) * dimensions) };
  }
}

/** Higher scores first, then ids ascending. */
function byScore(left: Candidate, right: Candidate): number {
  return right.score - left.score || compareText(left.row.id, right.row.id);
}

/** Four running sums, because one would wait for itself at every step; rounded to float32 at the end. */
function innerProduct(query: Float32Array, vectors: Float32Array, start: number): number {
  const length = query.length;
  const even = length - (length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let at = 0; at < even; at += 4) {
    a += (query[at] as number) * (vectors[start + at] as number);
    b += (query[at + 1] as number) * (vectors[start + at + 1] as number);
    c += (query[at + 2] as number) * (vectors[start + at + 2] as number);
    d += (query[at + 3] as number) * (vectors[start + at + 3] as number);
  }
  for (let at = even; at < length; at++) a += (query[at] as number) * (vectors[start + at] as number);
  return Math.fround(a + b + c + d);
}
