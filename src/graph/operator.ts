/**
 * What an operator is: which types it takes and gives, and how ONNX says it. Every operator gives one value. Knows no
 * graph and no bytes.
 */

import { RetrieveError } from "../std/index.ts";
import type { DType } from "../tensor/index.ts";
import type * as functions from "./functions.ts";
import { formatDims, type Type } from "./shape.ts";
import type { Value } from "./value.ts";

/** Settings of an operator that are fixed when the graph is built. Plain data, so that a graph can be printed. */
export type AttributeValue = number | string | boolean | readonly (number | string)[];

/** For operators without settings. */
export type NoAttributes = Readonly<Record<never, never>>;

/** A small constant inside an ONNX node, such as the target of a reshape. */
export interface Literal {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** An attribute of an ONNX node. ONNX tells integers from floats; JavaScript does not. */
export type OnnxAttribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "literal"; readonly value: Literal };

/** What an operator becomes in ONNX, beyond its type. */
export interface OnnxForm {
  /** One for each operand of the ONNX node: the number of an input of ours, or a literal. Default: our inputs. */
  readonly operands?: readonly (number | Literal)[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** An ONNX node as an operator reads it back. */
export interface OnnxView {
  /** Throws `invalid_data` when the attribute is not there in this kind, unless a default is given. */
  int(name: string, otherwise?: number): number;
  ints(name: string, otherwise?: readonly number[]): readonly number[];
  float(name: string, otherwise?: number): number;
  string(name: string, otherwise?: string): string;
  /** The literal at an operand position, or of an attribute. */
  literal(place: number | string): Literal;
  /** The declared type of the result. */
  readonly output: Type;
}

/** One application of an operator, as its rule of differentiation sees it. */
export interface Application<Attributes> {
  readonly operands: readonly Value[];
  readonly result: Value;
  readonly attributes: Attributes;
  /** The gradient of a loss by the result: float32, of the result's shape. */
  readonly cotangent: Value;
}

/** The operators as functions on values. Rules take them as an argument, since the functions need the table. */
export type Functions = typeof functions;

/** The gradients by each operand, of its shape; null where there is none, as for integers. */
export type Vjp<Attributes> = (
  application: Application<Attributes>,
  g: Functions,
) => readonly (Value | null)[];

/** One row of the operator table. */
export interface Operator<Attributes> {
  /** How many values it takes. */
  readonly arity: number;
  /** The type of the result. Throws `invalid_argument` with the operator's name, what was got and what was wanted. */
  infer(inputs: readonly Type[], attributes: Attributes): Type;
  /** The vector-Jacobian product: what reverse-mode differentiation does at this operator. */
  readonly vjp: Vjp<Attributes>;
  readonly onnx: {
    readonly type: string;
    /** Default: the standard operators. `com.microsoft`: those of ONNX Runtime. */
    readonly domain?: string;
    /** Positions of operands that are literals. */
    readonly literals?: readonly number[];
    write(attributes: Attributes, inputs: readonly Type[]): OnnxForm;
    read(view: OnnxView): Attributes;
  };
}

/** The error of an operator that was given what it cannot take. */
export function refuse(operator: string, problem: string): RetrieveError {
  return new RetrieveError("invalid_argument", `${operator}: ${problem}`);
}

/** The rule of an operator that has no derivative; `remedy` says what to do instead. */
export function notDifferentiable(name: string, remedy: string): Vjp<unknown> {
  return () => {
    throw new RetrieveError("unsupported", `${name}: it has no gradient; ${remedy}`);
  };
}

/** `a=[4, 384] b=[768, 384]`: the shapes of the operands, for messages. */
export function shapesOf(...inputs: readonly Type[]): string {
  return inputs.map(({ shape }, index) => `${"abcdefgh"[index]}=${formatDims(shape)}`).join(" ");
}

/** Refuses operands whose element type is not among `allowed`. */
export function wantDType(operator: string, allowed: readonly DType[], ...inputs: readonly Type[]): void {
  for (const { dtype } of inputs) {
    if (!allowed.includes(dtype)) throw refuse(operator, `wanted ${allowed.join(" or ")}, got ${dtype}`);
  }
}

/** The input at `index`; the arity was checked before. */
export function operand<Input extends Type>(inputs: readonly Input[], index: number): Input {
  const found = inputs[index];
  if (found === undefined) throw new RetrieveError("internal", `graph: operand ${index} is missing`);
  return found;
}
