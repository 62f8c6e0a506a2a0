/** Homogeneous batches in epochs: every row at most once an epoch, the batches of all data sets in random order. */

import { type Batch, type BatchOptions, itemsOf, type RandomFor } from "./batch.ts";
import { permutation } from "./permutation.ts";

/** Each epoch cuts every data set anew; rows that do not fill a batch are left out of that epoch. */
export function epoch(options: BatchOptions, randomFor: RandomFor): Generator<Batch> {
  return epochs(options, randomFor, (epoch) => epoch);
}

/** The batches of the first epoch again and again: only their order is new each time. */
export function epochStatic(options: BatchOptions, randomFor: RandomFor): Generator<Batch> {
  return epochs(options, randomFor, () => 0);
}

/** `cutOf` says for each epoch which cut into batches it uses. Memory: 4 bytes a row, 4 bytes a batch. */
function* epochs(
  { sizes, batchSize }: BatchOptions,
  randomFor: RandomFor,
  cutOf: (epoch: number) => number,
): Generator<Batch> {
  const counts = sizes.map((size) => Math.floor(size / batchSize));
  for (let epoch = 0; ; epoch++) {
    const rows = sizes.map((size, dataset) => permutation(size, randomFor(CUT, dataset, cutOf(epoch))));
    const order = permutation(sum(counts), randomFor(ORDER, epoch));
    for (const number of order) {
      const [dataset, batch] = placeOf(number, counts);
      const part = rows[dataset]?.subarray(batch * batchSize, (batch + 1) * batchSize) ?? new Uint32Array();
      yield itemsOf(dataset, epoch, part);
    }
  }
}

const CUT = 0;
const ORDER = 1;

/** Which data set the batch with this number is of, and which of its batches. */
function placeOf(number: number, counts: readonly number[]): [dataset: number, batch: number] {
  let batch = number;
  const dataset = counts.findIndex((count) => {
    if (batch < count) return true;
    batch -= count;
    return false;
  });
  return [dataset, batch];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
