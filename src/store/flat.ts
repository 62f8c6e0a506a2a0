/**
 * Rows in memory and the exact nearest among them. Knows nothing of files and versions.
 *
 * n rows · d dimensions. Vectors lie in one block [capacity, d] to which rows are only appended: a replaced row leaves
 * a gap, so whoever walks over an older state keeps reading it; gaps go when a larger block is taken.
 */

import { createBoundedHeap } from "../std/index.ts";
import { compareText, type Filter, matches } from "./filter.ts";
import { createVectorBlock, QUERIES_A_PASS, type VectorBlock } from "./kernel.ts";
import { type HeldRow, hold, type Row } from "./record.ts";
import { createRounds } from "./rounds.ts";
import type { Hit, SearchOptions, StoredRecord } from "./vector-store.ts";

export interface Flat {
  readonly size: number;
  /** Inserts or replaces; with `replacing`, rows that match it and are not given are removed. */
  put(rows: readonly Row[], replacing?: Filter): void;
  /** How many of the ids were there. */
  remove(ids: readonly string[]): number;
  get(id: string): StoredRecord | undefined;
  /** The rows of this moment, whatever is written while they are read. */
  snapshot(filter?: Filter): Iterable<Row>;
  count(filter?: Filter): number;
  /**
   * Exact, over the rows of this moment: O(n d + n log topK). Searches that are asked at once (`Promise.all`) share
   * passes over the vectors. Vector and options are checked by the caller.
   */
  search(vector: Float32Array, options: SearchOptions): Promise<Hit[]>;
}

interface Question {
  readonly vector: Float32Array;
  readonly options: SearchOptions;
}

interface Candidate {
  readonly score: number;
  readonly row: HeldRow;
}

const SMALLEST_CAPACITY = 256;

/** An empty table of rows with vectors of length `dimensions`. */
export function createFlat(dimensions: number): Flat {
  let block = createVectorBlock(0, dimensions);
  let rows: (HeldRow | undefined)[] = []; // by slot; undefined is a gap
  let slots = new Map<string, number>();

  const repack = (more: number): void => {
    const packed = createVectorBlock(Math.max(SMALLEST_CAPACITY, 2 * (slots.size + more)), dimensions);
    const kept: HeldRow[] = [];
    const moved = new Map<string, number>();
    rows.forEach((row, slot) => {
      if (row === undefined) return;
      packed.set(kept.length, block.get(slot));
      moved.set(row.id, kept.length);
      kept.push(row);
    });
    [block, rows, slots] = [packed, kept, moved];
  };
  const removeOne = (id: string): boolean => {
    const slot = slots.get(id);
    if (slot === undefined) return false;
    rows[slot] = undefined;
    return slots.delete(id);
  };
  const putOne = (row: Row): void => {
    removeOne(row.id);
    if (rows.length === block.capacity) repack(1);
    block.set(rows.length, row.vector);
    slots.set(row.id, rows.length);
    rows.push(hold(row));
  };
  const answer = (questions: readonly Question[]): Hit[][] => {
    const hits: Hit[][] = [];
    for (let from = 0; from < questions.length; from += QUERIES_A_PASS) {
      const together = questions.slice(from, from + QUERIES_A_PASS);
      const vectors = together.map(({ vector }) => vector);
      const scores = block.scores(vectors, rows.length);
      together.forEach(({ options }, which) => {
        hits.push(best(rows, (slot) => scores[slot * together.length + which] as number, options));
      });
    }
    return hits;
  };
  const rounds = createRounds(answer);

  return {
    get size() {
      return slots.size;
    },
    put(given, replacing) {
      rounds.settle();
      const stale = replacing === undefined ? [] : rows.filter((row) => keeps(row, replacing));
      for (const row of stale) if (row !== undefined) removeOne(row.id);
      for (const row of given) putOne(row);
    },
    remove(ids) {
      rounds.settle();
      return ids.filter(removeOne).length;
    },
    get(id) {
      const slot = slots.get(id);
      const row = slot === undefined ? undefined : rows[slot];
      if (slot === undefined || row === undefined) return undefined;
      return { ...row.found(), vector: block.get(slot).slice() };
    },
    snapshot: (filter) => walk(block, [...rows], (row) => keeps(row, filter)),
    count: (filter) =>
      filter === undefined ? slots.size : rows.reduce((sum, row) => sum + (keeps(row, filter) ? 1 : 0), 0),
    search: (vector, options) => rounds.ask({ vector, options }),
  };
}

function keeps(row: HeldRow | undefined, filter: Filter | undefined): row is HeldRow {
  return row !== undefined && (filter === undefined || matches(filter, row.metadata));
}

/** The rows with the highest scores, by slot. */
function best(
  rows: readonly (HeldRow | undefined)[],
  scoreOf: (slot: number) => number,
  { topK, filter }: SearchOptions,
): Hit[] {
  const heap = createBoundedHeap<Candidate>(topK, byScore);
  let worst = Number.NEGATIVE_INFINITY;
  for (let slot = 0; slot < rows.length; slot++) {
    const score = scoreOf(slot);
    if (score < worst) continue;
    const row = rows[slot];
    if (!keeps(row, filter)) continue;
    heap.push({ score, row });
    worst = heap.worst()?.score ?? Number.NEGATIVE_INFINITY;
  }
  return heap.sorted().map(({ score, row }) => ({ id: row.id, score, record: row.found() }));
}

function* walk(
  block: VectorBlock,
  rows: readonly (HeldRow | undefined)[],
  keeps: (row: HeldRow | undefined) => row is HeldRow,
): Generator<Row> {
  for (const [slot, row] of rows.entries()) if (keeps(row)) yield { ...row.checked, vector: block.get(slot) };
}

/** Higher scores first, then ids ascending. */
function byScore(left: Candidate, right: Candidate): number {
  return right.score - left.score || compareText(left.row.id, right.row.id);
}
