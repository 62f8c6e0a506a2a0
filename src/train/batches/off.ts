/** Mixed batches: all rows of all data sets in one random order. */

import type { Batch, BatchOptions, RandomFor } from "./batch.ts";
import { permutation } from "./permutation.ts";

/** Each epoch shuffles all rows and cuts them into batches; what does not fill the last one is left out of that epoch. */
export function* off({ sizes, batchSize }: BatchOptions, randomFor: RandomFor): Generator<Batch> {
  const firsts = sizes.map((_, dataset) => sizes.slice(0, dataset).reduce((sum, size) => sum + size, 0));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  for (let epoch = 0; ; epoch++) {
    const order = permutation(total, randomFor(epoch));
    for (let at = 0; at + batchSize <= total; at += batchSize) {
      yield Array.from(order.subarray(at, at + batchSize), (number) => {
        const dataset = firsts.findLastIndex((first) => first <= number);
        return { dataset, row: number - (firsts[dataset] as number), epoch };
      });
    }
  }
}
