/** Operators along axes: sums, maxima, softmax, layer normalisation. */

import type { DType } from "../../tensor/index.ts";
import {
  type Application,
  type Functions,
  type Operator,
  operand,
  refuse,
  shapesOf,
  wantDType,
} from "../operator.ts";
import { axisOf, type Dim, formatDims } from "../shape.ts";
import type { Value } from "../value.ts";
import { axesLiteral, placesOf } from "./layout.ts";

export interface ReduceAttributes {
  readonly axes: readonly number[];
  /** Whether the reduced axes stay, with size 1. */
  readonly keep: boolean;
}

export interface AxisAttributes {
  readonly axis: number;
}

export interface LayerNormAttributes {
  readonly epsilon: number;
}

/** The gradient by x, given the result and its cotangent with the reduced axes still there, of size 1. */
type ReductionRule = (
  rule: { readonly x: Value; readonly y: Value; readonly dy: Value; readonly axes: readonly number[] },
  g: Functions,
) => Value;

function reduction(
  name: string,
  type: string,
  allowed: readonly DType[],
  rule: ReductionRule,
): Operator<ReduceAttributes> {
  return {
    arity: 1,
    infer: (inputs, { axes, keep }) => {
      wantDType(name, allowed, ...inputs);
      const { dtype, shape } = operand(inputs, 0);
      if (axes.length === 0) throw refuse(name, "wanted at least one axis");
      const places = placesOf(name, axes, shape.length);
      const reduced = shape.map((dim, axis): Dim => (places.has(axis) ? 1 : dim));
      return { dtype, shape: keep ? reduced : shape.filter((_, axis) => !places.has(axis)) };
    },
    vjp: ({ operands, result, attributes, cotangent }, g) => {
      const x = operand(operands, 0);
      const axes = [...placesOf(name, attributes.axes, x.shape.length)];
      const widen = (value: Value): Value => (attributes.keep ? value : g.unsqueeze(value, axes));
      return [rule({ x, y: widen(result), dy: widen(cotangent), axes }, g)];
    },
    onnx: {
      type,
      literals: [1],
      write: ({ axes, keep }) => ({
        operands: [0, axesLiteral(axes)],
        attributes: { keepdims: { kind: "int", value: keep ? 1 : 0 } },
      }),
      read: (view) => ({ axes: view.literal(1).values, keep: view.int("keepdims", 1) === 1 }),
    },
  };
}

const numeric: readonly DType[] = ["float32", "int32", "int64"];

// d Σ x = Σ dx: every element takes the cotangent
export const reduceSum: Operator<ReduceAttributes> = reduction(
  "reduceSum",
  "ReduceSum",
  numeric,
  ({ x, dy }, g) => g.mul(dy, g.onesLike(x)),
);
// The same, shared among the elements
export const reduceMean: Operator<ReduceAttributes> = reduction(
  "reduceMean",
  "ReduceMean",
  ["float32"],
  ({ x, dy, axes }, g) => {
    const ones = g.onesLike(x);
    return g.mul(g.div(dy, g.reduceSum(ones, axes, { keep: true })), ones);
  },
);
// The element that was chosen takes it; equal ones share it, as PyTorch's amax and amin
const choice: ReductionRule = ({ x, y, dy, axes }, g) => {
  const chosen = g.cast(g.equal(x, y), "float32");
  return g.mul(g.div(dy, g.reduceSum(chosen, axes, { keep: true })), chosen);
};
export const reduceMax: Operator<ReduceAttributes> = reduction("reduceMax", "ReduceMax", numeric, choice);
export const reduceMin: Operator<ReduceAttributes> = reduction("reduceMin", "ReduceMin", numeric, choice);

/** Running sum along `axis`, the element itself included. */
export const cumulativeSum: Operator<AxisAttributes> = {
  arity: 1,
  infer: (inputs, { axis }) => {
    wantDType("cumulativeSum", numeric, ...inputs);
    const { dtype, shape } = operand(inputs, 0);
    if (axisOf(axis, shape.length) === undefined) {
      throw refuse("cumulativeSum", `axis ${axis} is outside of ${formatDims(shape)}`);
    }
    return { dtype, shape };
  },
  // An element counts in every sum from its own place on: Σ - running sum + the element itself
  vjp: ({ attributes: { axis }, cotangent: dy }, g) => {
    const total = g.reduceSum(dy, [axis], { keep: true });
    return [g.add(g.sub(total, g.cumulativeSum(dy, axis)), dy)];
  },
  onnx: {
    type: "CumSum",
    literals: [1],
    write: ({ axis }) => ({ operands: [0, { dtype: "int64", shape: [], values: [axis] }] }),
    read: (view) => ({ axis: view.literal(1).values[0] ?? 0 }),
  },
};

/** exp(x) / Σ exp(x) along `axis`. */
export const softmax: Operator<AxisAttributes> = {
  arity: 1,
  infer: (inputs, { axis }) => {
    wantDType("softmax", ["float32"], ...inputs);
    const { dtype, shape } = operand(inputs, 0);
    if (axisOf(axis, shape.length) === undefined) {
      throw refuse("softmax", `axis ${axis} is outside of ${formatDims(shape)}`);
    }
    return { dtype, shape };
  },
  // dx = y (dy - Σ y dy)
  vjp: ({ result: y, attributes: { axis }, cotangent: dy }, g) => {
    const weighted = g.mul(y, dy);
    return [g.sub(weighted, g.mul(y, g.reduceSum(weighted, [axis], { keep: true })))];
  },
  onnx: {
    type: "Softmax",
    write: ({ axis }) => ({ attributes: { axis: { kind: "int", value: axis } } }),
    read: (view) => ({ axis: view.int("axis", -1) }),
  },
};

/** (x - mean) / sqrt(variance + epsilon) * weight + bias over the last axis: x [..., H], weight [H], bias [H]. */
export const layerNorm: Operator<LayerNormAttributes> = {
  arity: 3,
  infer: (inputs) => {
    wantDType("layerNorm", ["float32"], ...inputs);
    const [x, weight, bias] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    const width = x.shape.at(-1);
    const fits = [weight, bias].every(({ shape }) => shape.length === 1 && shape[0] === width);
    if (width === undefined || !fits) {
      throw refuse("layerNorm", `wanted weight and bias of the last axis, ${shapesOf(x, weight, bias)}`);
    }
    return x;
  },
  vjp: layerNormVjp,
  onnx: {
    type: "LayerNormalization",
    write: ({ epsilon }) => ({
      attributes: { axis: { kind: "int", value: -1 }, epsilon: { kind: "float", value: epsilon } },
    }),
    read: (view) => ({ epsilon: view.float("epsilon", 1e-5) }),
  },
};

/**
 * With n = (x - mean) r, r = 1 / sqrt(variance + epsilon), and d = dy · weight:
 * dx = r (d - mean(d) - n mean(d n)), d weight = Σ dy n, d bias = Σ dy. Ba et al., arXiv 1607.06450.
 */
function layerNormVjp(
  { operands, attributes: { epsilon }, cotangent: dy }: Application<LayerNormAttributes>,
  g: Functions,
): readonly Value[] {
  const [x, weight, bias] = [operand(operands, 0), operand(operands, 1), operand(operands, 2)];
  const mean = (value: Value): Value => g.reduceMean(value, [-1], { keep: true });
  const centred = g.sub(x, mean(x));
  const deviation = g.sqrt(g.add(mean(g.mul(centred, centred)), g.scalar(epsilon, x)));
  const normal = g.div(centred, deviation);
  const weighted = g.mul(dy, weight);
  const sideways = g.add(mean(weighted), g.mul(normal, mean(g.mul(weighted, normal))));
  return [
    g.div(g.sub(weighted, sideways), deviation),
    g.sumTo(g.mul(dy, normal), weight.shape),
    g.sumTo(dy, bias.shape),
  ];
}
