/** Operators that change where elements are, not what they are; and constants. */

import type { DType } from "../../tensor/index.ts";
import { type Literal, type Operator, operand, refuse, shapesOf } from "../operator.ts";
import { axisOf, countOf, type Dim, type Dims, formatDims, sameDims, type Type } from "../shape.ts";

export interface ConstantAttributes {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

export interface ReshapeAttributes {
  readonly shape: Dims;
}

export interface TransposeAttributes {
  readonly permutation: readonly number[];
}

export interface AxesAttributes {
  readonly axes: readonly number[];
}

export interface ConcatAttributes {
  readonly axis: number;
}

/** A small tensor written in the graph itself. Weights are parameters instead. */
export const constant: Operator<ConstantAttributes> = {
  arity: 0,
  infer: (_, { dtype, shape, values }) => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    if (size !== values.length) {
      throw refuse("constant", `shape ${formatDims(shape)} wants ${size} values, got ${values.length}`);
    }
    return { dtype, shape };
  },
  vjp: () => [],
  onnx: {
    type: "Constant",
    write: (value) => ({ attributes: { value: { kind: "literal", value } } }),
    read: (view) => view.literal("value"),
  },
};

/** The same elements in row-major order under another shape. At most one size may be new to the runtime. */
export const reshape: Operator<ReshapeAttributes> = {
  arity: 1,
  infer: (inputs, { shape }) => {
    const from = operand(inputs, 0);
    if (countOf(from.shape) !== countOf(shape)) {
      throw refuse("reshape", `sizes differ, from ${formatDims(from.shape)} to ${formatDims(shape)}`);
    }
    targetOf(from.shape, shape);
    return { dtype: from.dtype, shape };
  },
  vjp: ({ operands, cotangent }, g) => [g.reshape(cotangent, operand(operands, 0).shape)],
  onnx: {
    type: "Reshape",
    literals: [1],
    write: ({ shape }, inputs) => ({ operands: [0, axesLiteral(targetOf(operand(inputs, 0).shape, shape))] }),
    read: (view) => ({ shape: view.output.shape }),
  },
};

/** Axis i of the result is axis `permutation[i]` of the input. */
export const transpose: Operator<TransposeAttributes> = {
  arity: 1,
  infer: (inputs, { permutation }) => {
    const { dtype, shape } = operand(inputs, 0);
    const wanted = shape.map((_, axis) => axis);
    if (
      !sameDims(
        [...permutation].sort((a, b) => a - b),
        wanted,
      )
    ) {
      throw refuse("transpose", `${formatDims(permutation)} does not order the axes of ${formatDims(shape)}`);
    }
    return { dtype, shape: permutation.map((axis) => at(shape, axis)) };
  },
  vjp: ({ attributes: { permutation }, cotangent }, g) => [
    g.transpose(
      cotangent,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  onnx: {
    type: "Transpose",
    write: ({ permutation }) => ({ attributes: { perm: { kind: "ints", value: permutation } } }),
    read: (view) => ({ permutation: view.ints("perm") }),
  },
};

/** New axes of size 1; `axes` are places in the result. */
export const unsqueeze: Operator<AxesAttributes> = {
  arity: 1,
  infer: (inputs, { axes }) => {
    const { dtype, shape } = operand(inputs, 0);
    const places = placesOf("unsqueeze", axes, shape.length + axes.length);
    const rest = shape[Symbol.iterator]();
    const widened = Array.from({ length: shape.length + axes.length }, (_, axis): Dim => {
      return places.has(axis) ? 1 : (rest.next().value ?? 1);
    });
    return { dtype, shape: widened };
  },
  vjp: ({ attributes: { axes }, cotangent }, g) => [g.squeeze(cotangent, axes)],
  onnx: {
    type: "Unsqueeze",
    literals: [1],
    write: ({ axes }) => ({ operands: [0, axesLiteral(axes)] }),
    read: (view) => ({ axes: view.literal(1).values }),
  },
};

/** Axes of size 1 removed. */
export const squeeze: Operator<AxesAttributes> = {
  arity: 1,
  infer: (inputs, { axes }) => {
    const { dtype, shape } = operand(inputs, 0);
    const places = placesOf("squeeze", axes, shape.length);
    for (const axis of places) {
      if (shape[axis] !== 1) throw refuse("squeeze", `axis ${axis} of ${formatDims(shape)} is not of size 1`);
    }
    return { dtype, shape: shape.filter((_, axis) => !places.has(axis)) };
  },
  vjp: ({ operands, attributes: { axes }, cotangent }, g) => {
    const rank = operand(operands, 0).shape.length;
    return [g.unsqueeze(cotangent, [...placesOf("squeeze", axes, rank)])];
  },
  onnx: {
    type: "Squeeze",
    literals: [1],
    write: ({ axes }) => ({ operands: [0, axesLiteral(axes)] }),
    read: (view) => ({ axes: view.literal(1).values }),
  },
};

/** Two values after each other along `axis`, whose sizes are numbers. */
export const concat: Operator<ConcatAttributes> = {
  arity: 2,
  infer: (inputs, { axis }) => {
    const [a, b] = [operand(inputs, 0), operand(inputs, 1)];
    const place = axisOf(axis, a.shape.length);
    if (place === undefined) throw refuse("concat", `axis ${axis} is outside of ${formatDims(a.shape)}`);
    const [left, right] = [a.shape[place], b.shape[place]];
    const others = (dims: Dims): Dims => dims.toSpliced(place, 1);
    const fit = a.dtype === b.dtype && a.shape.length === b.shape.length;
    if (!fit || !sameDims(others(a.shape), others(b.shape))) throw unlike(a, b, axis);
    if (typeof left !== "number" || typeof right !== "number") throw unlike(a, b, axis);
    return { dtype: a.dtype, shape: a.shape.with(place, left + right) };
  },
  // Each part takes its own stretch of the axis.
  vjp: ({ operands, attributes: { axis }, cotangent }, g) => {
    let from = 0;
    return operands.map(({ shape }) => {
      const size = Number(shape.at(axis));
      const stretch = g.integers(Array.from({ length: size }, (_, at) => from + at));
      from += size;
      return g.gather(cotangent, stretch, axis);
    });
  },
  onnx: {
    type: "Concat",
    write: ({ axis }) => ({ attributes: { axis: { kind: "int", value: axis } } }),
    read: (view) => ({ axis: view.int("axis") }),
  },
};

/** A vector of axes or sizes as ONNX takes them. */
export function axesLiteral(values: readonly number[]): Literal {
  return { dtype: "int64", shape: [values.length], values };
}

/** Axes counted from the front. Refuses axes outside of `rank` and repeated ones. */
export function placesOf(name: string, axes: readonly number[], rank: number): ReadonlySet<number> {
  const places = new Set<number>();
  for (const axis of axes) {
    const place = axisOf(axis, rank);
    if (place === undefined) throw refuse(name, `axis ${axis} is outside of ${rank} axes`);
    if (places.has(place)) throw refuse(name, `axis ${axis} is named twice`);
    places.add(place);
  }
  return places;
}

/** The target of ONNX Reshape: 0 copies the input's size at the same place, one -1 is what remains. */
function targetOf(from: Dims, to: Dims): readonly number[] {
  if (to.includes(0)) throw refuse("reshape", `a size is 0, from ${formatDims(from)} to ${formatDims(to)}`);
  const target = to.map((dim, axis) => (typeof dim === "number" ? dim : dim === from[axis] ? 0 : -1));
  if (target.filter((size) => size === -1).length > 1) {
    throw refuse("reshape", `more than one unknown size, from ${formatDims(from)} to ${formatDims(to)}`);
  }
  return target;
}

function at(shape: Dims, axis: number): Dim {
  return shape[axis] ?? 1;
}

function unlike(a: Type, b: Type, axis: number): Error {
  return refuse("concat", `wanted equal types, and equal sizes but for axis ${axis}, ${shapesOf(a, b)}`);
}
