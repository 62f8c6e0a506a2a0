/** Matrix products and table look-ups, in float32 and in 8 bits. */

import {
  type Functions,
  type Literal,
  type NoAttributes,
  notDifferentiable,
  type Operator,
  operand,
  refuse,
  shapesOf,
  wantDType,
} from "../operator.ts";
import { axisOf, broadcast, type Dims, formatDims, productOf, sameDims, type Type } from "../shape.ts";
import type { Value } from "../value.ts";

export interface GatherAttributes {
  readonly axis: number;
}

/** [..., M, K] x [..., K, N] -> [..., M, N]; the axes in front broadcast. */
export const matmul: Operator<NoAttributes> = {
  arity: 2,
  infer: (inputs) => {
    wantDType("matmul", ["float32"], ...inputs);
    return { dtype: "float32", shape: productShape("matmul", operand(inputs, 0), operand(inputs, 1)) };
  },
  // d(A B) = dA B + A dB, so A takes dY Bᵀ and B takes Aᵀ dY
  vjp: ({ operands, cotangent: dy }, g) => {
    const [a, b] = [operand(operands, 0), operand(operands, 1)];
    const da = g.sumTo(g.matmul(dy, swapLast(b, g)), a.shape);
    if (b.shape.length > 2) return [da, g.sumTo(g.matmul(swapLast(a, g), dy), b.shape)];
    // One product over all rows instead of one a batch, summed up.
    return [da, g.matmul(swapLast(asMatrix(a, g), g), asMatrix(dy, g))];
  },
  onnx: { type: "MatMul", write: () => ({}), read: () => ({}) },
};

/** Rows of a table along `axis`: data [V, H], indices [B, T] -> [B, T, H] for axis 0. */
export const gather: Operator<GatherAttributes> = {
  arity: 2,
  infer: (inputs, { axis }) => {
    const [data, indices] = [operand(inputs, 0), operand(inputs, 1)];
    wantDType("gather", ["int32", "int64"], indices);
    const at = axisOf(axis, data.shape.length);
    if (at === undefined) throw refuse("gather", `axis ${axis} is outside of ${formatDims(data.shape)}`);
    return {
      dtype: data.dtype,
      shape: [...data.shape.slice(0, at), ...indices.shape, ...data.shape.slice(at + 1)],
    };
  },
  // Each row takes the sum over the places where it went.
  vjp: ({ operands, attributes, cotangent }, g) => {
    const [data, indices] = [operand(operands, 0), operand(operands, 1)];
    if (data.dtype !== "float32") return [null, null];
    const axis = axisOf(attributes.axis, data.shape.length) ?? 0;
    const zeros = g.mul(moveAxes(data, axis, 1, g), g.scalar(0, data));
    const sums = g.scatterAdd(zeros, indices, moveAxes(cotangent, axis, indices.shape.length, g));
    return [moveBack(sums, axis, g), null];
  },
  onnx: {
    type: "Gather",
    write: ({ axis }) => ({ attributes: { axis: { kind: "int", value: axis } } }),
    read: (view) => ({ axis: view.int("axis", 0) }),
  },
};

/**
 * data [V, ...] plus each update [...] added to the row that its place [..., 1] names; rows may be named many times.
 * Sums in an order that is fixed for one thread only.
 */
export const scatterAdd: Operator<NoAttributes> = {
  arity: 3,
  infer: (inputs) => {
    const [data, places, updates] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    wantDType("scatterAdd", ["float32"], data, updates);
    wantDType("scatterAdd", ["int64"], places);
    const wanted = [...places.shape.slice(0, -1), ...data.shape.slice(1)];
    if (data.shape.length === 0 || places.shape.at(-1) !== 1 || !sameDims(updates.shape, wanted)) {
      throw refuse("scatterAdd", `wanted updates ${formatDims(wanted)}, ${shapesOf(data, places, updates)}`);
    }
    return data;
  },
  // d data stays, and each update takes the row that it went to
  vjp: ({ operands, cotangent }, g) => {
    return [cotangent, null, g.gather(cotangent, g.squeeze(operand(operands, 1), [-1]))];
  },
  onnx: {
    type: "ScatterND",
    write: () => ({ attributes: { reduction: { kind: "string", value: "add" } } }),
    read: () => ({}),
  },
};

const zeroPoint: Literal = { dtype: "uint8", shape: [], values: [128] };
const one: Literal = { dtype: "float32", shape: [], values: [1] };

/** float32 -> uint8: round half to even, add 128, saturate to 0..255. Scale before it so that values are in ±127. */
export const quantize: Operator<NoAttributes> = {
  arity: 1,
  infer: (inputs) => {
    wantDType("quantize", ["float32"], ...inputs);
    return { dtype: "uint8", shape: operand(inputs, 0).shape };
  },
  vjp: notDifferentiable("quantize", "train with float32 weights"),
  onnx: {
    type: "QuantizeLinear",
    literals: [1, 2],
    write: () => ({ operands: [0, one, zeroPoint] }),
    read: () => ({}),
  },
};

/**
 * codes uint8 [..., M, K] (of {@link quantize}) x weight int8 [K, N], exact in int32, times scale float32 [N]
 * -> float32 [..., M, N]. Weights within [-64, 63] give the same sums on every processor: instructions that add
 * pairs of 8-bit products in 16 bits then cannot saturate (2 x 255 x 64 < 32768).
 */
export const quantizedMatmul: Operator<NoAttributes> = {
  arity: 3,
  infer: (inputs) => {
    const [codes, weight, scale] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    wantDType("quantizedMatmul", ["uint8"], codes);
    wantDType("quantizedMatmul", ["int8"], weight);
    wantDType("quantizedMatmul", ["float32"], scale);
    const shape = productShape("quantizedMatmul", codes, weight);
    if (weight.shape.length !== 2)
      throw refuse("quantizedMatmul", `b is not a matrix, ${shapesOf(codes, weight)}`);
    if (scale.shape.length !== 1 || scale.shape[0] !== weight.shape[1]) {
      throw refuse("quantizedMatmul", `wanted one scale a column of b, ${shapesOf(codes, weight, scale)}`);
    }
    return { dtype: "float32", shape };
  },
  vjp: notDifferentiable("quantizedMatmul", "train with float32 weights"),
  onnx: {
    type: "MatMulIntegerToFloat",
    domain: "com.microsoft",
    literals: [2, 4],
    write: () => ({ operands: [0, 1, one, 2, zeroPoint] }),
    read: () => ({}),
  },
};

function productShape(name: string, a: Type, b: Type): Dims {
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw refuse(name, `wanted at least two axes each, ${shapesOf(a, b)}`);
  }
  if (a.shape.at(-1) !== b.shape.at(-2)) throw refuse(name, `inner sizes differ, ${shapesOf(a, b)}`);
  const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (batch === undefined) throw refuse(name, `batch sizes do not broadcast, ${shapesOf(a, b)}`);
  return [...batch, ...a.shape.slice(-2, -1), ...b.shape.slice(-1)];
}

/** [..., M, N] -> [..., N, M]. */
function swapLast(x: Value, g: Functions): Value {
  const axes = x.shape.map((_, axis) => axis);
  return g.transpose(x, [...axes.slice(0, -2), ...axes.slice(-1), ...axes.slice(-2, -1)]);
}

/** [..., N] -> [rows, N]. */
function asMatrix(x: Value, g: Functions): Value {
  if (x.shape.length === 2) return x;
  return g.reshape(x, [productOf(x.shape.slice(0, -1)), ...x.shape.slice(-1)]);
}

/** The `count` axes from `axis` on, moved to the front. */
function moveAxes(x: Value, axis: number, count: number, g: Functions): Value {
  if (axis === 0) return x;
  const axes = x.shape.map((_, place) => place);
  return g.transpose(x, [
    ...axes.slice(axis, axis + count),
    ...axes.slice(0, axis),
    ...axes.slice(axis + count),
  ]);
}

/** The first axis, moved to the place `axis`. */
function moveBack(x: Value, axis: number, g: Functions): Value {
  if (axis === 0) return x;
  const others = x.shape.slice(1).map((_, place) => place + 1);
  return g.transpose(x, [...others.slice(0, axis), 0, ...others.slice(axis)]);
}
