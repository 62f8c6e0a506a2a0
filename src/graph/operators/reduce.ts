/** Operators along axes: sums, maxima, softmax, layer normalisation. */

import type { DType } from "../../tensor/index.ts";
import { type Operator, operand, refuse, shapesOf, wantDType } from "../operator.ts";
import { axisOf, type Dim, formatDims } from "../shape.ts";
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

function reduction(name: string, type: string, allowed: readonly DType[]): Operator<ReduceAttributes> {
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

export const reduceSum: Operator<ReduceAttributes> = reduction("reduceSum", "ReduceSum", numeric);
export const reduceMean: Operator<ReduceAttributes> = reduction("reduceMean", "ReduceMean", ["float32"]);
export const reduceMax: Operator<ReduceAttributes> = reduction("reduceMax", "ReduceMax", numeric);

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
  onnx: {
    type: "LayerNormalization",
    write: ({ epsilon }) => ({
      attributes: { axis: { kind: "int", value: -1 }, epsilon: { kind: "float", value: epsilon } },
    }),
    read: (view) => ({ epsilon: view.float("epsilon", 1e-5) }),
  },
};
