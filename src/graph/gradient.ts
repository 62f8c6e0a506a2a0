/**
 * Reverse-mode differentiation: from expressions to the expressions of their gradients (Griewank and Walther, Evaluating
 * Derivatives, 2008, chapter 3). Nothing runs; the gradient is a graph like any other, and may be differentiated again
 * (not through matrix products over several unknown sizes: ONNX takes one at most to be reshaped to).
 */

import { RetrieveError } from "../std/index.ts";
import type { DType } from "../tensor/index.ts";
import * as functions from "./functions.ts";
import type { Vjp } from "./operator.ts";
import { inOrder } from "./order.ts";
import { formatDims, sameDims } from "./shape.ts";
import { type OperatorName, operators } from "./table.ts";
import type { Computed, Value } from "./value.ts";

/** A value with the gradient of the loss by it. */
export interface Seed {
  readonly value: Value;
  /** float32, of the value's shape. */
  readonly cotangent: Value;
}

/**
 * The gradients of a loss by each of `by`, given those by the values that the loss is made of. `by` are parameters,
 * inputs or values on the way; each result has the type of its value, and is undefined where the loss does not depend
 * on it. Parameters of one name are one. Differentiation stops at `by`: what lies behind them costs nothing.
 *
 * Throws `invalid_argument` for a seed that is no float or a cotangent of another shape, `unsupported` for an operator without a derivative on
 * the way.
 */
export function gradients(seeds: readonly Seed[], by: readonly Value[]): (Value | undefined)[] {
  const order = inOrder(seeds.map(({ value }) => value));
  const wanted = new Set(by.map(keyOf));
  const relevant = dependents(order, wanted);
  const cotangents = new Map<unknown, Value>();
  const accumulate = (value: Value, cotangent: Value): void => {
    const before = cotangents.get(keyOf(value));
    cotangents.set(keyOf(value), before === undefined ? cotangent : functions.add(before, cotangent));
  };
  for (const { value, cotangent } of seeds) {
    checkSeed(value, cotangent);
    accumulate(value, cotangent);
  }
  for (const value of order.toReversed()) {
    const cotangent = cotangents.get(value);
    if (value.source.kind !== "computed" || cotangent === undefined || wanted.has(value)) continue;
    const { source } = value;
    if (!source.operands.some((operand) => relevant.has(keyOf(operand)))) continue;
    for (const [index, share] of backward(value, source, cotangent).entries()) {
      const operand = source.operands[index];
      if (operand !== undefined && share !== null && relevant.has(keyOf(operand))) accumulate(operand, share);
    }
  }
  return by.map((value) => cotangents.get(keyOf(value)));
}

/** What a value is known by: parameters and inputs by their names, others as themselves. */
function keyOf(value: Value): unknown {
  return value.source.kind === "computed" ? value : `${value.source.kind} ${value.source.name}`;
}

/**
 * The wanted values and all that are computed from them, through floats: nothing else carries a gradient. 8-bit codes
 * stand for floats, so what depends on them is asked and refuses.
 */
function dependents(order: readonly Value[], wanted: ReadonlySet<unknown>): ReadonlySet<unknown> {
  const relevant = new Set(wanted);
  for (const value of order) {
    if (value.source.kind !== "computed" || !carriers.has(value.dtype)) continue;
    if (value.source.operands.some((operand) => relevant.has(keyOf(operand)))) relevant.add(value);
  }
  return relevant;
}

const carriers: ReadonlySet<DType> = new Set(["float32", "uint8"]);

function backward<Name extends OperatorName>(
  result: Value,
  { operator, attributes, operands }: Computed<Name>,
  cotangent: Value,
): readonly (Value | null)[] {
  const vjp: Vjp<typeof attributes> = operators[operator].vjp;
  return vjp({ operands, result, attributes, cotangent }, functions);
}

function checkSeed(value: Value, { dtype, shape }: Value): void {
  if (value.dtype !== "float32") {
    const got = `${value.dtype} ${formatDims(value.shape)}`;
    throw new RetrieveError(
      "invalid_argument",
      `gradients: a seed is ${got}; only float32 values have a gradient`,
    );
  }
  if (dtype === "float32" && sameDims(shape, value.shape)) return;
  throw new RetrieveError(
    "invalid_argument",
    `gradients: a cotangent is ${dtype} ${formatDims(shape)}, wanted float32 ${formatDims(value.shape)}`,
  );
}
