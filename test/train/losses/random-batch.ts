/** Batches for the tests of losses: from rows of numbers, and random ones. */

import * as fc from "fast-check";
import type { LossBatch, LossResult } from "#src/train/losses/index.js";
import type { Matrix } from "#src/train/matrix.js";

export function matrix(rows: readonly (readonly number[])[]): Matrix {
  return { rows: rows.length, columns: rows[0]?.length ?? 0, data: Float32Array.from(rows.flat()) };
}

/** Rows at length 1. */
export function unitMatrix(rows: readonly (readonly number[])[]): Matrix {
  return matrix(rows.map((row) => row.map((number) => number / Math.hypot(...row))));
}

/** `starts` from the sizes of the groups. */
export function startsOf(sizes: readonly number[]): Int32Array {
  return Int32Array.from([0, ...sizes.map((_, at) => sizes.slice(0, at + 1).reduce((a, b) => a + b))]);
}

export type FullBatch = LossBatch & { readonly teacherScores: Float32Array; readonly ignored: Uint8Array };

/** Up to 4 queries with up to 4 keys each, keys of nobody, a mask, rewards of which some are equal. */
export const randomBatch: fc.Arbitrary<FullBatch> = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 2, max: 5 }),
  )
  .chain(([sizes, foreign, dimensions]) => {
    const keys = sizes.reduce((sum, size) => sum + size, 0) + foreign;
    const rows = (count: number) => fc.array(row(dimensions), { minLength: count, maxLength: count });
    return fc.record({
      queries: rows(sizes.length).map(matrix),
      keys: rows(keys).map(matrix),
      starts: fc.constant(startsOf(sizes)),
      teacherScores: numbers(keys, { min: -2, max: 2 }).map((scores) => Float32Array.from(scores)),
      ignored: numbers(sizes.length * keys, { min: 0, max: 1 }).map((flags) => Uint8Array.from(flags)),
    });
  });

/** Neither too short to be normalised, nor zero in its first dimension. */
function row(dimensions: number): fc.Arbitrary<number[]> {
  return numbers(dimensions, { min: -16, max: 16 }).map((row) =>
    row.map((number, at) => (at === 0 ? Math.sign(number || 1) * (Math.abs(number) + 8) : number) / 16),
  );
}

function numbers(count: number, range: { min: number; max: number }): fc.Arbitrary<number[]> {
  return fc.array(fc.integer(range), { minLength: count, maxLength: count });
}

/** The batch with its queries, and their groups, in another order; `keyOrder` says where each key was. */
export function reorder(
  batch: FullBatch,
  order: readonly number[],
): { batch: FullBatch; keyOrder: number[] } {
  const own = order.map((query) => range(batch.starts[query]!, batch.starts[query + 1]!));
  const keyOrder = [...own.flat(), ...range(batch.starts[batch.queries.rows]!, batch.keys.rows)];
  return {
    keyOrder,
    batch: {
      queries: { ...batch.queries, data: pickRows(batch.queries.data, batch.queries.columns, order) },
      keys: { ...batch.keys, data: pickRows(batch.keys.data, batch.keys.columns, keyOrder) },
      starts: startsOf(own.map((keys) => keys.length)),
      teacherScores: Float32Array.from(keyOrder, (key) => batch.teacherScores[key]!),
      ignored: Uint8Array.from(
        order.flatMap((query) => keyOrder.map((key) => batch.ignored[query * batch.keys.rows + key]!)),
      ),
    },
  };
}

export function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, at) => start + at);
}

export function pickRows(data: Float32Array, columns: number, rows: readonly number[]): Float32Array {
  return Float32Array.from(rows.flatMap((row) => [...data.subarray(row * columns, (row + 1) * columns)]));
}

/** Everything a loss returned in one list, value first. */
export function flatten({ value, queryGradient, keyGradient }: LossResult): number[] {
  return [value, ...queryGradient, ...keyGradient];
}
