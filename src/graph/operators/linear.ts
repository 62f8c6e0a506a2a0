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
    const updates = joinAxes(cotangent, axis, indices.shape.length, g);
    const rows = joinAxes(g.cast(indices, "int64"), 0, indices.shape.length, g);
    const none = g.cast(updates, "int64");
    const behind = data.shape.slice(axis + 1).map((_, nth) => nth + 1);
    const places = g.add(g.unsqueeze(rows, behind), g.mul(none, g.scalar(0, none)));
    return [g.scatterAdd(g.mul(data, g.scalar(0, data)), places, updates, axis), null];
  },
  onnx: {
    type: "Gather",
    write: ({ axis }) => ({ attributes: { axis: { kind: "int", value: axis } } }),
    read: (view) => ({ axis: view.int("axis", 0) }),
  },
};

/** Elements of data [V, R], each from the row that its place names: places [N, R] -> [N, R], for axis 0. */
export const gatherElements: Operator<GatherAttributes> = {
  arity: 2,
  infer: (inputs, { axis }) => {
    const [data, places] = [operand(inputs, 0), operand(inputs, 1)];
    wantPlaces("gatherElements", data, places, axis);
    return { dtype: data.dtype, shape: places.shape };
  },
  vjp: ({ operands, attributes: { axis }, cotangent }, g) => {
    const [data, places] = [operand(operands, 0), operand(operands, 1)];
    if (data.dtype !== "float32") return [null, null];
    return [g.scatterAdd(g.mul(data, g.scalar(0, data)), places, cotangent, axis), null];
  },
  onnx: {
    type: "GatherElements",
    write: ({ axis }) => ({ attributes: { axis: { kind: "int", value: axis } } }),
    read: (view) => ({ axis: view.int("axis", 0) }),
  },
};

/**
 * data [V, R] plus each element of updates [N, R], in the row that its place names: places [N, R], for axis 0. Rows
 * may be named many times: ONNX Runtime adds one after the other, with several threads too. (Its ScatterND is faster
 * and loses updates of a row when several threads work on it.)
 */
export const scatterAdd: Operator<GatherAttributes> = {
  arity: 3,
  infer: (inputs, { axis }) => {
    const [data, places, updates] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    wantDType("scatterAdd", ["float32"], data, updates);
    wantPlaces("scatterAdd", data, places, axis);
    if (!sameDims(places.shape, updates.shape)) {
      throw refuse("scatterAdd", `wanted a place for each update, ${shapesOf(data, places, updates)}`);
    }
    return data;
  },
  // d data stays, and each update takes the element that it was added to
  vjp: ({ operands, attributes: { axis }, cotangent }, g) => {
    return [cotangent, null, g.gatherElements(cotangent, operand(operands, 1), axis)];
  },
  onnx: {
    type: "ScatterElements",
    write: ({ axis }) => ({
      attributes: { axis: { kind: "int", value: axis }, reduction: { kind: "string", value: "add" } },
    }),
    read: (view) => ({ axis: view.int("axis", 0) }),
  },
};

function wantPlaces(name: string, data: Type, places: Type, axis: number): void {
  wantDType(name, ["int64"], places);
  const at = axisOf(axis, data.shape.length);
  if (at === undefined) throw refuse(name, `axis ${axis} is outside of ${formatDims(data.shape)}`);
  if (!sameDims(places.shape, data.shape.with(at, places.shape[at] ?? 1))) {
    throw refuse(name, `wanted equal sizes but for axis ${axis}, ${shapesOf(data, places)}`);
  }
}

const zeroPoint: Literal = { dtype: "uint8", shape: [], values: [128] };
const one: Literal = { dtype: "float32", shape: [], values: [1] };

/**
 * x float32 [..., K] by rows of scale float32 [..., 1] and zero uint8 [..., 1] -> uint8 [..., K]: x / scale, rounded
 * half to even, plus zero, saturated to 0..255. K is a number, since ONNX writes a row as a block of that size, and
 * a vector is refused, since ONNX Runtime takes one scale for one of the whole tensor.
 */
export const quantize: Operator<NoAttributes> = {
  arity: 3,
  infer: (inputs) => {
    const [x, scale, zero] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    wantDType("quantize", ["float32"], x, scale);
    wantDType("quantize", ["uint8"], zero);
    if (x.shape.length < 2 || typeof x.shape.at(-1) !== "number") {
      throw refuse("quantize", `wanted at least two axes, the last of known size, ${shapesOf(x)}`);
    }
    const rows = x.shape.with(-1, 1);
    if (!sameDims(scale.shape, rows) || !sameDims(zero.shape, rows)) {
      throw refuse("quantize", `wanted one scale and one zero a row, ${shapesOf(x, scale, zero)}`);
    }
    return { dtype: "uint8", shape: x.shape };
  },
  vjp: notDifferentiable("quantize", "train with float32 weights"),
  onnx: {
    type: "QuantizeLinear",
    write: (_, inputs) => ({
      attributes: {
        axis: { kind: "int", value: -1 },
        block_size: { kind: "int", value: Number(operand(inputs, 0).shape.at(-1)) },
      },
    }),
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

/** The `count` axes from `axis` on as one. */
function joinAxes(x: Value, axis: number, count: number, g: Functions): Value {
  if (count === 0) return g.unsqueeze(x, [axis]);
  if (count === 1) return x;
  const end = axis + count;
  return g.reshape(x, [
    ...x.shape.slice(0, axis),
    productOf(x.shape.slice(axis, end)),
    ...x.shape.slice(end),
  ]);
}
