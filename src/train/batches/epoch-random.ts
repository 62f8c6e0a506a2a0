/** Homogeneous batches, each of a data set drawn by what is left of it. */

import { type Batch, type BatchOptions, itemsOf, type RandomFor } from "./batch.ts";
import { drawByWeight, permutation } from "./permutation.ts";

/**
 * Each step draws a data set with a probability proportional to the rows that are left of it, and takes the next ones. A
 * data set with less than a batch left rests; when all rest, all are shuffled and begin anew.
 */
export function* epochRandom({ sizes, batchSize }: BatchOptions, randomFor: RandomFor): Generator<Batch> {
  for (let epoch = 0; ; epoch++) {
    const rows = sizes.map((size, dataset) => permutation(size, randomFor(SHUFFLE, dataset, epoch)));
    const random = randomFor(DRAW, epoch);
    const left = (rest: Uint32Array): number => (rest.length < batchSize ? 0 : rest.length);
    while (rows.some((rest) => left(rest) > 0)) {
      const dataset = drawByWeight(rows.map(left), random);
      const rest = rows[dataset] as Uint32Array;
      yield itemsOf(dataset, epoch, rest.subarray(0, batchSize));
      rows[dataset] = rest.subarray(batchSize);
    }
  }
}

const SHUFFLE = 0;
const DRAW = 1;
