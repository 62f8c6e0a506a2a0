/** Random orders and samples of row numbers, in typed arrays: 4 bytes a row. */

import { createRandom, type Random } from "../../std/index.ts";

/** The numbers 0 to `size - 1` in random order (Fisher-Yates). */
export function permutation(size: number, random: Random): Uint32Array {
  const order = new Uint32Array(size);
  for (let at = 0; at < size; at++) {
    const other = Math.floor(random() * (at + 1));
    order[at] = order[other] as number;
    order[other] = at;
  }
  return order;
}

/** `count` distinct numbers below `size` (Floyd's algorithm: O(count) whatever the size). */
export function sample(count: number, size: number, random: Random): Uint32Array {
  const drawn = new Set<number>();
  for (let last = size - count; last < size; last++) {
    const number = Math.floor(random() * (last + 1));
    drawn.add(drawn.has(number) ? last : number);
  }
  return Uint32Array.from(drawn);
}

/** An index with probability proportional to its weight; the weights' sum must be above 0. */
export function drawByWeight(weights: readonly number[], random: Random): number {
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
  const drawn = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return drawn >= 0 ? drawn : weights.findLastIndex((weight) => weight > 0);
}

/** A generator for a list of numbers: lists that differ anywhere start at unrelated states. */
export function randomOf(numbers: readonly number[]): Random {
  let hash = 0x811c9dc5;
  for (const number of numbers) hash = mix(Math.imul(hash, 0x01000193) ^ (number >>> 0));
  return createRandom(hash);
}

/** The finalizer of MurmurHash3 (Austin Appleby, public domain): every bit of the input changes half of the output. */
function mix(bits: number): number {
  let mixed = bits ^ (bits >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
