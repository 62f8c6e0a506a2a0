/** Which texts go through the transformer together: those of nearly equal length, so that little is padding. Pure. */

import { createTensor, type Tensor } from "../tensor/index.ts";

/**
 * Positions grouped so that rows x longest row stays within `budget` tokens, longest first (a row above the budget is
 * a batch by itself). With equal lengths the order of the input decides. O(n log n).
 */
export function formBatches(lengths: readonly number[], budget: number): number[][] {
  const lengthAt = (at: number): number => lengths[at] ?? 0;
  const order = lengths.map((_, at) => at).sort((a, b) => lengthAt(b) - lengthAt(a) || a - b);
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const at of order) {
    const longest = lengthAt(batch[0] ?? at);
    if (batch.length > 0 && longest * (batch.length + 1) > budget) {
      batches.push(batch);
      batch = [];
    }
    batch.push(at);
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** Rows of ids as the inputs of the graph, padded on the right to the longest. B rows, T tokens. */
export function padBatch(
  rows: readonly Int32Array[],
  paddingId: number,
): { input_ids: Tensor /* [B, T] */; attention_mask: Tensor /* [B, T] */ } {
  const longest = rows.reduce((most, row) => Math.max(most, row.length), 1);
  const ids = new BigInt64Array(rows.length * longest).fill(BigInt(paddingId));
  const mask = new BigInt64Array(rows.length * longest);
  for (const [at, row] of rows.entries()) {
    for (const [position, id] of row.entries()) ids[at * longest + position] = BigInt(id);
    mask.fill(1n, at * longest, at * longest + row.length);
  }
  const shape = [rows.length, longest];
  return {
    input_ids: createTensor("int64", shape, ids),
    attention_mask: createTensor("int64", shape, mask),
  };
}
