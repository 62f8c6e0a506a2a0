/**
 * Token vectors to one vector a text, as part of a graph. Padding may stand on either side. A text that is all
 * padding gives zeros.
 *
 * B batch · T tokens · H hidden
 */

import {
  cast,
  createGraph,
  cumulativeSum,
  div,
  equal,
  type Graph,
  input,
  matmul,
  maximum,
  mul,
  reduceSum,
  scalar,
  sqrt,
  squeeze,
  unsqueeze,
  type Value,
} from "../graph/index.ts";

/** `cls`: the first token. `mean`: the mean over tokens. `last`: the last token. Padding does not count. */
export type Pooling = "cls" | "mean" | "last";

/** The place of each token among those that are not padding, from 1; 0 for padding. int64 [B, T]. */
export function placesOf(mask: Value /* int64 [B, T] */): Value {
  return mul(cumulativeSum(mask, 1), mask);
}

/** One vector a text: a weighted sum of its token vectors. */
export function pool(hidden: Value /* [B, T, H] */, mask: Value /* int64 [B, T] */, pooling: Pooling): Value {
  const weights = unsqueeze(poolingWeights(mask, pooling), [1]); // [B, 1, T]
  return squeeze(matmul(weights, hidden), [1]); // [B, H]
}

/**
 * Vectors of length 1: x / max(|x|, 1e-12), as PyTorch has it. The maximum stands under the root, whose slope at 0 is
 * infinite: the gradient by a vector of zeros is finite.
 */
export function normalize(vectors: Value /* [B, H] */): Value {
  const square = reduceSum(mul(vectors, vectors), [-1], { keep: true }); // [B, 1]
  return div(vectors, sqrt(maximum(square, scalar(1e-24, square)))); // [B, H]
}

/** The graph from token vectors to text vectors, for models whose own graph ends at the token vectors. */
export function buildPooling(options: {
  readonly hidden: number;
  readonly pooling: Pooling;
  readonly normalize: boolean;
}): Graph {
  const hidden = input("hidden", "float32", ["B", "T", options.hidden]);
  const mask = input("attention_mask", "int64", ["B", "T"]);
  const pooled = pool(hidden, mask, options.pooling); // [B, H]
  const embedding = options.normalize ? normalize(pooled) : pooled;
  return createGraph({ inputs: [hidden, mask], outputs: { embedding } });
}

/** What each token counts: a row of [B, T] sums to 1, or to 0 when all of it is padding. */
function poolingWeights(mask: Value, pooling: Pooling): Value {
  const count = maximum(reduceSum(mask, [1], { keep: true }), scalar(1, mask)); // [B, 1]
  switch (pooling) {
    case "cls":
      return cast(equal(placesOf(mask), scalar(1, mask)), "float32"); // [B, T]
    case "last":
      return cast(equal(placesOf(mask), count), "float32"); // [B, T]
    case "mean":
      return div(cast(mask, "float32"), cast(count, "float32")); // [B, T]
  }
}
