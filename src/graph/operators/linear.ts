/** Matrix products and table look-ups, in float32 and in 8 bits. */

import {
  type Literal,
  type NoAttributes,
  type Operator,
  operand,
  refuse,
  shapesOf,
  wantDType,
} from "../operator.ts";
import { axisOf, broadcast, type Dims, formatDims, type Type } from "../shape.ts";

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
  onnx: {
    type: "Gather",
    write: ({ axis }) => ({ attributes: { axis: { kind: "int", value: axis } } }),
    read: (view) => ({ axis: view.int("axis", 0) }),
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
