/** Places of a list in random order, drawn one at a time: the cost is of what is drawn, not of the list. */

import { createRandom } from "../std/index.ts";

/**
 * Every place of a list of `length`, once, in an order that `seed` and `row` decide together: a row has the same order
 * whichever rows were done before it.
 */
export function* drawPlaces(length: number, seed: number, row: number): Generator<number> {
  const random = createRandom(seed + Math.imul(row + 1, goldenRatio));
  const moved = new Map<number, number>(); // what a Fisher-Yates shuffle has put elsewhere so far
  for (let left = length; left > 0; left--) {
    const at = Math.floor(random() * left);
    yield moved.get(at) ?? at;
    moved.set(at, moved.get(left - 1) ?? left - 1);
  }
}

/** 2^32 over the golden ratio: seeds of neighbouring rows lie far apart. */
const goldenRatio = 0x9e3779b1;
