/**
 * Values as expressions: each knows what it is computed from. Functions on values build a computation; nothing runs.
 * `createGraph` turns expressions into a graph.
 */

import { RetrieveError } from "../std/index.ts";
import type { DType } from "../tensor/index.ts";
import type { Dims, Type } from "./shape.ts";
import { type Attributes, type OperatorName, operators } from "./table.ts";

/** Where a value comes from. */
export type Source = { readonly kind: "input" | "parameter"; readonly name: string } | Computed<OperatorName>;

/** An operator, its settings, and the values it is applied to. */
export interface Computed<Name extends OperatorName> {
  readonly kind: "computed";
  readonly operator: Name;
  readonly attributes: Attributes[Name];
  readonly operands: readonly Value[];
}

/** A number array of a known type that some graph will compute. Immutable; may be used many times. */
export interface Value extends Type {
  readonly source: Source;
}

/** A value that each run is given. */
export function input(name: string, dtype: DType, shape: Dims): Value {
  return { dtype, shape, source: { kind: "input", name } };
}

/** A value that is fixed for a model: a weight. Parameters of one name are one parameter. */
export function parameter(name: string, dtype: DType, shape: readonly number[]): Value {
  return { dtype, shape, source: { kind: "parameter", name } };
}

/** The result of an operator. Throws `invalid_argument` when the operator does not take these values. */
export function apply<Name extends OperatorName>(
  operator: Name,
  operands: readonly Value[],
  attributes: Attributes[Name],
): Value {
  const { dtype, shape } = inferType(operator, operands, attributes);
  return { dtype, shape, source: { kind: "computed", operator, attributes, operands } };
}

/** The type of an operator's result. */
export function inferType<Name extends OperatorName>(
  name: Name,
  inputs: readonly Type[],
  attributes: Attributes[Name],
): Type {
  const operator = operators[name];
  if (inputs.length !== operator.arity) {
    throw new RetrieveError(
      "invalid_argument",
      `${name}: wanted ${operator.arity} operands, got ${inputs.length}`,
    );
  }
  return operator.infer(inputs, attributes);
}
