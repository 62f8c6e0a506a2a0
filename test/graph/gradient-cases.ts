/**
 * For each operator of the table: random arguments at which it has a derivative, away from kinks and ties, or why there
 * is none. Kinks and ties are compared with PyTorch instead.
 */

import type fc from "fast-check";
import * as g from "#src/graph/index.js";
import { createTensor, type Tensor } from "#src/tensor/index.js";
import {
  alongAxis,
  binary,
  type Case,
  cases,
  eighth,
  reduction,
  sum,
  tensors,
  unary,
} from "../onnx/cases.ts";

/** An odd number of sixteenths is no eighth. */
const sixteenth = eighth.map((value) => value + 1 / 16);

/** Eighths with less than an eighth added to each, another one to each: no two are equal. */
const different = (shape: readonly number[]): fc.Arbitrary<Tensor> =>
  tensors(shape).map(({ data }) =>
    createTensor(
      "float32",
      shape,
      Float32Array.from(data as Float32Array, (value, at) => value + at / 2048),
    ),
  );

/** One entry for each operator. A new one is checked at the operands of its own case, unless it stands here. */
export const gradientCases: { readonly [Name in g.OperatorName]: fc.Arbitrary<Case> | string } = {
  ...cases,
  cast: unary(
    (x) => g.cast(x, "float32"),
    (x) => x,
  ),
  constant: "it takes no values",
  cumulativeSum: alongAxis(g.cumulativeSum, (line, place) => sum(line.slice(0, place + 1))),
  equal: "its result is bool",
  // Several unknown sizes cannot be written as one when others follow them.
  gather: (cases.gather as fc.Arbitrary<Case>).map((example) => ({
    ...example,
    symbolic: example.operands[1]!.shape.length < 2,
  })),
  maximum: binary(g.maximum, Math.max, { others: sixteenth }),
  neg: unary(g.neg, (x) => -x),
  quantize: "its result is uint8, and training is in float32",
  quantizedMatmul: "its operands are in 8 bits, and training is in float32",
  reduceMax: reduction(g.reduceMax, (values) => Math.max(...values), different),
  reduceMin: reduction(g.reduceMin, (values) => Math.min(...values), different),
  relu: unary(g.relu, (x) => Math.max(0, x), { values: sixteenth }),
};
