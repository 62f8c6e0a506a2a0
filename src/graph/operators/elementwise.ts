/** Operators that work on each element by itself, with broadcasting where there are two operands. */

import type { DType } from "../../tensor/index.ts";
import {
  type Functions,
  type NoAttributes,
  type Operator,
  operand,
  refuse,
  shapesOf,
  wantDType,
} from "../operator.ts";
import { broadcast, type Type } from "../shape.ts";
import type { Value } from "../value.ts";

export interface CastAttributes {
  readonly to: DType;
}

export interface GeluAttributes {
  /** `none`: x Φ(x). `tanh`: Hendrycks and Gimpel, arXiv 1606.08415, section 2. */
  readonly approximate: "none" | "tanh";
}

const numeric: readonly DType[] = ["float32", "int32", "int64"];

/** The gradients by a and by b of the broadcast result's shape. */
type BinaryRule = (
  rule: { readonly a: Value; readonly b: Value; readonly y: Value; readonly dy: Value },
  g: Functions,
) => readonly [Value, Value];

function binary(name: string, type: string, rule: BinaryRule): Operator<NoAttributes> {
  return {
    arity: 2,
    infer: (inputs) => ({ dtype: operand(inputs, 0).dtype, shape: joined(name, inputs) }),
    vjp: ({ operands, result: y, cotangent: dy }, g) => {
      const [a, b] = [operand(operands, 0), operand(operands, 1)];
      const [da, db] = rule({ a, b, y, dy }, g);
      return [g.sumTo(da, a.shape), g.sumTo(db, b.shape)];
    },
    onnx: { type, write: () => ({}), read: () => ({}) },
  };
}

/** The gradient by x. */
type UnaryRule = (
  rule: { readonly x: Value; readonly y: Value; readonly dy: Value },
  g: Functions,
) => Value | null;

function unary(
  name: string,
  type: string,
  rule: UnaryRule,
  allowed: readonly DType[] = ["float32"],
): Operator<NoAttributes> {
  return {
    arity: 1,
    infer: (inputs) => {
      wantDType(name, allowed, ...inputs);
      return operand(inputs, 0);
    },
    vjp: ({ operands, result: y, cotangent: dy }, g) => [rule({ x: operand(operands, 0), y, dy }, g)],
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

// d(a + b) = da + db
export const add: Operator<NoAttributes> = binary("add", "Add", ({ dy }) => [dy, dy]);
// d(a - b) = da - db
export const sub: Operator<NoAttributes> = binary("sub", "Sub", ({ dy }, g) => [dy, g.neg(dy)]);
// d(a b) = b da + a db
export const mul: Operator<NoAttributes> = binary("mul", "Mul", ({ a, b, dy }, g) => [
  g.mul(dy, b),
  g.mul(dy, a),
]);
// d(a / b) = da / b - (a / b) db / b
export const div: Operator<NoAttributes> = binary("div", "Div", ({ b, y, dy }, g) => {
  const da = g.div(dy, b);
  return [da, g.neg(g.mul(da, y))];
});
// The greater one takes it; equal ones share it, as in PyTorch.
export const maximum: Operator<NoAttributes> = binary("maximum", "Max", ({ a, b, y, dy }, g) => {
  const [isA, isB] = [g.cast(g.equal(a, y), "float32"), g.cast(g.equal(b, y), "float32")];
  const share = g.div(dy, g.add(isA, isB));
  return [g.mul(share, isA), g.mul(share, isB)];
});

/** 1 where equal: bool. */
export const equal: Operator<NoAttributes> = {
  arity: 2,
  infer: (inputs) => ({ dtype: "bool", shape: joined("equal", inputs) }),
  vjp: () => [null, null],
  onnx: { type: "Equal", write: () => ({}), read: () => ({}) },
};

// d(-x) = -dx
export const neg: Operator<NoAttributes> = unary("neg", "Neg", ({ dy }, g) => g.neg(dy), numeric);
// d exp(x) = exp(x) dx
export const exp: Operator<NoAttributes> = unary("exp", "Exp", ({ y, dy }, g) => g.mul(dy, y));
// d log(x) = dx / x
export const log: Operator<NoAttributes> = unary("log", "Log", ({ x, dy }, g) => g.div(dy, x));
// d sqrt(x) = dx / (2 sqrt(x))
export const sqrt: Operator<NoAttributes> = unary("sqrt", "Sqrt", ({ y, dy }, g) =>
  g.div(dy, g.mul(y, g.scalar(2, y))),
);
// d erf(x) = 2/√π exp(-x²) dx
export const erf: Operator<NoAttributes> = unary("erf", "Erf", ({ x, dy }, g) =>
  g.mul(dy, g.mul(g.exp(g.neg(g.mul(x, x))), g.scalar(2 / Math.sqrt(Math.PI), x))),
);
// d tanh(x) = (1 - tanh²(x)) dx
export const tanh: Operator<NoAttributes> = unary("tanh", "Tanh", ({ y, dy }, g) =>
  g.mul(dy, g.sub(g.scalar(1, y), g.mul(y, y))),
);
// d relu(x) = dx where the result is not 0
export const relu: Operator<NoAttributes> = unary("relu", "Relu", ({ y, dy }, g) =>
  g.mul(dy, g.sub(g.scalar(1, y), g.cast(g.equal(y, g.scalar(0, y)), "float32"))),
);

export const gelu: Operator<GeluAttributes> = {
  arity: 1,
  infer: (inputs) => {
    wantDType("gelu", ["float32"], ...inputs);
    return operand(inputs, 0);
  },
  vjp: ({ operands, attributes, cotangent }, g) => {
    const slope = attributes.approximate === "tanh" ? slopeOfTanhGelu : slopeOfGelu;
    return [g.mul(cotangent, slope(operand(operands, 0), g))];
  },
  onnx: {
    type: "Gelu",
    write: ({ approximate }) => ({ attributes: { approximate: { kind: "string", value: approximate } } }),
    read: (view) => ({ approximate: view.string("approximate", "none") === "tanh" ? "tanh" : "none" }),
  },
};

/** d(x Φ(x)) / dx = Φ(x) + x φ(x), with Φ(x) = (1 + erf(x / √2)) / 2 and φ(x) = exp(-x² / 2) / √(2π). */
function slopeOfGelu(x: Value, g: Functions): Value {
  const number = (value: number): Value => g.scalar(value, x);
  const cumulative = g.mul(g.add(g.erf(g.mul(x, number(Math.SQRT1_2))), number(1)), number(0.5));
  const bell = g.exp(g.mul(g.mul(x, x), number(-0.5)));
  return g.add(cumulative, g.mul(x, g.mul(bell, number(1 / Math.sqrt(2 * Math.PI)))));
}

/** Of x/2 (1 + t), t = tanh(u), u = √(2/π) (x + 0.044715 x³): (1 + t)/2 + x/2 (1 - t²) √(2/π) (1 + 0.134145 x²). */
function slopeOfTanhGelu(x: Value, g: Functions): Value {
  const number = (value: number): Value => g.scalar(value, x);
  const scale = number(Math.sqrt(2 / Math.PI));
  const square = g.mul(x, x);
  const inner = g.mul(g.mul(scale, x), g.add(number(1), g.mul(number(0.044715), square)));
  const t = g.tanh(inner);
  const innerSlope = g.mul(scale, g.add(number(1), g.mul(number(3 * 0.044715), square)));
  const rest = g.mul(g.mul(x, innerSlope), g.sub(number(1), g.mul(t, t)));
  return g.mul(g.add(g.add(number(1), t), rest), number(0.5));
}

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
  // Integers and bits have no gradient; the cotangent of a result that is no float is never asked for.
  vjp: ({ operands, cotangent }) => [operand(operands, 0).dtype === "float32" ? cotangent : null],
  onnx: {
    type: "Cast",
    write: ({ to }) => ({ attributes: { to: { kind: "int", value: onnxTypes[to] } } }),
    read: (view) => ({ to: view.output.dtype }),
  },
};
