/** Operators that work on each element by itself, with broadcasting where there are two operands. */

import type { DType } from "../../tensor/index.ts";
import { type NoAttributes, type Operator, operand, refuse, shapesOf, wantDType } from "../operator.ts";
import { broadcast, type Type } from "../shape.ts";

export interface CastAttributes {
  readonly to: DType;
}

export interface GeluAttributes {
  /** `none`: x Φ(x). `tanh`: Hendrycks and Gimpel, arXiv 1606.08415, section 2. */
  readonly approximate: "none" | "tanh";
}

const numeric: readonly DType[] = ["float32", "int32", "int64"];

function binary(name: string, type: string): Operator<NoAttributes> {
  return {
    arity: 2,
    infer: (inputs) => ({ dtype: operand(inputs, 0).dtype, shape: joined(name, inputs) }),
    onnx: { type, write: () => ({}), read: () => ({}) },
  };
}

function unary(name: string, type: string, allowed: readonly DType[] = ["float32"]): Operator<NoAttributes> {
  return {
    arity: 1,
    infer: (inputs) => {
      wantDType(name, allowed, ...inputs);
      return operand(inputs, 0);
    },
    onnx: { type, write: () => ({}), read: () => ({}) },
  };
}

function joined(name: string, inputs: readonly Type[]): Type["shape"] {
  const [a, b] = [operand(inputs, 0), operand(inputs, 1)];
  wantDType(name, numeric, a, b);
  if (a.dtype !== b.dtype) throw refuse(name, `types differ, a=${a.dtype} b=${b.dtype}; cast one of them`);
  const shape = broadcast(a.shape, b.shape);
  if (shape === undefined) throw refuse(name, `shapes do not broadcast, ${shapesOf(a, b)}`);
  return shape;
}

export const add: Operator<NoAttributes> = binary("add", "Add");
export const sub: Operator<NoAttributes> = binary("sub", "Sub");
export const mul: Operator<NoAttributes> = binary("mul", "Mul");
export const div: Operator<NoAttributes> = binary("div", "Div");
export const maximum: Operator<NoAttributes> = binary("maximum", "Max");

/** 1 where equal: bool. */
export const equal: Operator<NoAttributes> = {
  arity: 2,
  infer: (inputs) => ({ dtype: "bool", shape: joined("equal", inputs) }),
  onnx: { type: "Equal", write: () => ({}), read: () => ({}) },
};

export const neg: Operator<NoAttributes> = unary("neg", "Neg", numeric);
export const abs: Operator<NoAttributes> = unary("abs", "Abs", numeric);
export const exp: Operator<NoAttributes> = unary("exp", "Exp");
export const log: Operator<NoAttributes> = unary("log", "Log");
export const sqrt: Operator<NoAttributes> = unary("sqrt", "Sqrt");
export const erf: Operator<NoAttributes> = unary("erf", "Erf");
export const tanh: Operator<NoAttributes> = unary("tanh", "Tanh");
export const relu: Operator<NoAttributes> = unary("relu", "Relu");

export const gelu: Operator<GeluAttributes> = {
  arity: 1,
  infer: (inputs) => {
    wantDType("gelu", ["float32"], ...inputs);
    return operand(inputs, 0);
  },
  onnx: {
    type: "Gelu",
    write: ({ approximate }) => ({ attributes: { approximate: { kind: "string", value: approximate } } }),
    read: (view) => ({ approximate: view.string("approximate", "none") === "tanh" ? "tanh" : "none" }),
  },
};

/** ONNX numbers of the element types. Source: `TensorProto.DataType` of onnx.proto. */
export const onnxTypes: { readonly [Name in DType]: number } = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
};

export const cast: Operator<CastAttributes> = {
  arity: 1,
  infer: (inputs, { to }) => ({ dtype: to, shape: operand(inputs, 0).shape }),
  onnx: {
    type: "Cast",
    write: ({ to }) => ({ attributes: { to: { kind: "int", value: onnxTypes[to] } } }),
    read: (view) => ({ to: view.output.dtype }),
  },
};
