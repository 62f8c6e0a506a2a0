/**
 * The operators as functions on values. Shapes in the comments: `...` is any number of axes. Each throws
 * `invalid_argument` when the values do not fit, naming the shapes.
 */

import type { DType } from "../tensor/index.ts";
import { type Dims, sameDims } from "./shape.ts";
import { apply, type Value } from "./value.ts";

/** a + b, broadcast. */
export function add(a: Value, b: Value): Value {
  return apply("add", [a, b], {});
}

/** a - b, broadcast. */
export function sub(a: Value, b: Value): Value {
  return apply("sub", [a, b], {});
}

/** a · b element by element, broadcast. */
export function mul(a: Value, b: Value): Value {
  return apply("mul", [a, b], {});
}

/** a / b, broadcast; integers truncate. */
export function div(a: Value, b: Value): Value {
  return apply("div", [a, b], {});
}

/** The greater of a and b, broadcast. */
export function maximum(a: Value, b: Value): Value {
  return apply("maximum", [a, b], {});
}

/** Whether a and b are equal, broadcast: bool. */
export function equal(a: Value, b: Value): Value {
  return apply("equal", [a, b], {});
}

export function neg(x: Value): Value {
  return apply("neg", [x], {});
}

export function exp(x: Value): Value {
  return apply("exp", [x], {});
}

export function log(x: Value): Value {
  return apply("log", [x], {});
}

export function sqrt(x: Value): Value {
  return apply("sqrt", [x], {});
}

export function erf(x: Value): Value {
  return apply("erf", [x], {});
}

export function tanh(x: Value): Value {
  return apply("tanh", [x], {});
}

export function relu(x: Value): Value {
  return apply("relu", [x], {});
}

/** x Φ(x), or its approximation by tanh. */
export function gelu(x: Value, approximate: "none" | "tanh" = "none"): Value {
  return apply("gelu", [x], { approximate });
}

/** The same numbers in another element type; floats to integers truncate. */
export function cast(x: Value, to: DType): Value {
  return apply("cast", [x], { to });
}

/** One number that fits `like` by broadcasting. Float values are rounded to float32. */
export function scalar(value: number, like: Pick<Value, "dtype">): Value {
  const values = [like.dtype === "float32" ? Math.fround(value) : value];
  return apply("constant", [], { dtype: like.dtype, shape: [], values });
}

/** A vector of whole numbers, int64. */
export function integers(values: readonly number[]): Value {
  return apply("constant", [], { dtype: "int64", shape: [values.length], values });
}

/** 1 for every element of x, float32. Of an element that is no number: 0. */
export function onesLike(x: Value): Value {
  return cast(equal(x, x), "float32");
}

/** x summed over the axes that broadcasting from `shape` has widened: the way back of a broadcast. */
export function sumTo(x: Value, shape: Dims): Value {
  if (sameDims(x.shape, shape)) return x;
  const added = x.shape.length - shape.length;
  const front = Array.from({ length: added }, (_, axis) => axis);
  const summed = added === 0 ? x : reduceSum(x, front);
  const widened = shape.flatMap((dim, axis) => (dim === 1 && summed.shape[axis] !== 1 ? [axis] : []));
  return widened.length === 0 ? summed : reduceSum(summed, widened, { keep: true });
}

/** [..., M, K] x [..., K, N] -> [..., M, N]. */
export function matmul(a: Value, b: Value): Value {
  return apply("matmul", [a, b], {});
}

/** Rows of `data` along `axis`: [V, H] at [B, T] -> [B, T, H]. */
export function gather(data: Value, indices: Value, axis = 0): Value {
  return apply("gather", [data, indices], { axis });
}

/** Elements of data [V, R], each from the row that its place names: places int64 [N, R] -> [N, R], for axis 0. */
export function gatherElements(data: Value, places: Value, axis = 0): Value {
  return apply("gatherElements", [data, places], { axis });
}

/** data [V, R] with the updates [N, R] added in the rows that their places int64 [N, R] name, for axis 0. */
export function scatterAdd(data: Value, places: Value, updates: Value, axis = 0): Value {
  return apply("scatterAdd", [data, places, updates], { axis });
}

/** x [..., K] / scale [..., 1], rounded half to even, + zero uint8 [..., 1] -> uint8 [..., K], saturating. */
export function quantize(x: Value, scale: Value, zero: Value): Value {
  return apply("quantize", [x, scale, zero], {});
}

/** codes uint8 [..., M, K] x weight int8 [K, N], exact, · scale [N] -> float32 [..., M, N]. */
export function quantizedMatmul(codes: Value, weight: Value, scale: Value): Value {
  return apply("quantizedMatmul", [codes, weight, scale], {});
}

/** The same elements in row-major order under another shape. */
export function reshape(x: Value, shape: Dims): Value {
  return apply("reshape", [x], { shape });
}

/** Axis i of the result is axis `permutation[i]` of x. */
export function transpose(x: Value, permutation: readonly number[]): Value {
  return apply("transpose", [x], { permutation });
}

/** New axes of size 1 at these places of the result. */
export function unsqueeze(x: Value, axes: readonly number[]): Value {
  return apply("unsqueeze", [x], { axes });
}

/** Axes of size 1 removed. */
export function squeeze(x: Value, axes: readonly number[]): Value {
  return apply("squeeze", [x], { axes });
}

/** b after a along `axis`. */
export function concat(a: Value, b: Value, axis: number): Value {
  return apply("concat", [a, b], { axis });
}

/** Sum over `axes`, which stay with size 1 where `keep` says so. */
export function reduceSum(x: Value, axes: readonly number[], { keep = false }: KeepOption = {}): Value {
  return apply("reduceSum", [x], { axes, keep });
}

/** Mean over `axes`. */
export function reduceMean(x: Value, axes: readonly number[], { keep = false }: KeepOption = {}): Value {
  return apply("reduceMean", [x], { axes, keep });
}

/** Greatest over `axes`. */
export function reduceMax(x: Value, axes: readonly number[], { keep = false }: KeepOption = {}): Value {
  return apply("reduceMax", [x], { axes, keep });
}

/** Least over `axes`. */
export function reduceMin(x: Value, axes: readonly number[], { keep = false }: KeepOption = {}): Value {
  return apply("reduceMin", [x], { axes, keep });
}

/** Running sum along `axis`, the element itself included. */
export function cumulativeSum(x: Value, axis: number): Value {
  return apply("cumulativeSum", [x], { axis });
}

/** exp(x) / Σ exp(x) along `axis`. */
export function softmax(x: Value, axis: number): Value {
  return apply("softmax", [x], { axis });
}

/** (x - mean) / sqrt(variance + epsilon) · weight + bias over the last axis. */
export function layerNorm(x: Value, weight: Value, bias: Value, epsilon: number): Value {
  return apply("layerNorm", [x, weight, bias], { epsilon: Math.fround(epsilon) });
}

export interface KeepOption {
  readonly keep?: boolean;
}
