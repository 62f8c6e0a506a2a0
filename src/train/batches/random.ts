/** Homogeneous batches drawn with replacement: no epochs, no state. */

import { type Batch, type BatchOptions, itemsOf, type RandomFor } from "./batch.ts";
import { drawByWeight, sample } from "./permutation.ts";

/**
 * Each step draws a data set with a probability proportional to its size, and rows of it at random, distinct within the
 * batch. A data set begins anew each time that as many rows were drawn as it has.
 */
export function* random({ sizes, batchSize }: BatchOptions, randomFor: RandomFor): Generator<Batch> {
  const draw = randomFor();
  const drawn = sizes.map(() => 0);
  for (;;) {
    const dataset = drawByWeight(sizes, draw);
    const size = sizes[dataset] as number;
    const before = drawn[dataset] as number;
    yield itemsOf(dataset, Math.floor(before / size), sample(batchSize, size, draw));
    drawn[dataset] = before + batchSize;
  }
}
