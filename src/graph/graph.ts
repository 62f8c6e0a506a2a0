/** A computation as plain data: named variables, and nodes in an order in which they can be computed. */

import { RetrieveError } from "../std/index.ts";
import { inOrder } from "./order.ts";
import { sameDims, type Type } from "./shape.ts";
import type { Attributes, OperatorName } from "./table.ts";
import type { Computed, Value } from "./value.ts";

/** A name with a type. */
export interface Variable extends Type {
  readonly name: string;
}

/** One operator applied to variables by name; the node is the variable that it computes. */
export type Node = {
  readonly [Name in OperatorName]: Variable & {
    readonly operator: Name;
    readonly attributes: Attributes[Name];
    readonly operands: readonly string[];
  };
}[OperatorName];

export interface Graph {
  readonly inputs: readonly Variable[];
  readonly parameters: readonly Variable[];
  readonly nodes: readonly Node[];
  /** Names of nodes. */
  readonly outputs: readonly string[];
}

/**
 * The graph that computes `outputs` from `inputs`, and from values that another graph has computed, `given` by name. A value that is used twice is computed once. Nodes are named `v1`,
 * `v2`, … in their order, outputs by their key; parameters are those that the outputs need, in order of first use.
 *
 * Throws `invalid_argument` when an output needs an input that is not given, is itself no result of an operator, or
 * when two parameters share a name but not a type.
 */
export function createGraph(spec: {
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
  readonly given?: Readonly<Record<string, Value>>;
}): Graph {
  const given = Object.entries(spec.given ?? {});
  const named = [...spec.inputs.map((value) => [leafName(value), value] as const), ...given];
  const inputs = named.map(([name, value]) => ({ name, ...typeOf(value) }));
  const parameters = new Map<string, Variable>();
  const names = new Map<Value, string>(named.map(([name, value]) => [value, name]));
  const outputNames = namesOfOutputs(spec.outputs);
  const nodes: Node[] = [];

  const handed = new Set(given.map(([, value]) => value));
  for (const value of inOrder(Object.values(spec.outputs), handed)) {
    const { source } = value;
    if (handed.has(value)) continue;
    if (source.kind === "computed") {
      const name = outputNames.get(value) ?? `v${nodes.length + 1}`;
      names.set(value, name);
      nodes.push(nodeOf(name, value, source, names));
    } else if (source.kind === "parameter") {
      names.set(value, declare(parameters, { name: source.name, ...typeOf(value) }));
    } else if (!names.has(value)) {
      throw wrong(`the outputs need the input ${source.name}, which is not among the inputs`);
    }
  }
  return { inputs, parameters: [...parameters.values()], nodes, outputs: Object.keys(spec.outputs) };
}

function nodeOf<Name extends OperatorName>(
  name: string,
  value: Value,
  { operator, attributes, operands }: Computed<Name>,
  names: ReadonlyMap<Value, string>,
): Node {
  const node = {
    name,
    ...typeOf(value),
    operator,
    attributes,
    operands: operands.map((of) => nameOf(of, names)),
  };
  return node as unknown as Node; // a member of the union, which the compiler cannot see through `Name`
}

function nameOf(value: Value, names: ReadonlyMap<Value, string>): string {
  const name = names.get(value);
  if (name === undefined) throw new RetrieveError("internal", "graph: a value is used before it is named");
  return name;
}

function namesOfOutputs(outputs: Readonly<Record<string, Value>>): ReadonlyMap<Value, string> {
  const names = new Map<Value, string>();
  for (const [name, value] of Object.entries(outputs)) {
    if (value.source.kind !== "computed") throw wrong(`the output ${name} is computed by no operator`);
    const other = names.get(value);
    if (other !== undefined) throw wrong(`the outputs ${other} and ${name} are the same value`);
    names.set(value, name);
  }
  return names;
}

function declare(parameters: Map<string, Variable>, variable: Variable): string {
  const known = parameters.get(variable.name) ?? variable;
  if (known.dtype !== variable.dtype || !sameDims(known.shape, variable.shape)) {
    throw wrong(`the parameter ${variable.name} has two types, [${known.shape}] and [${variable.shape}]`);
  }
  parameters.set(variable.name, known);
  return variable.name;
}

function leafName({ source }: Value): string {
  if (source.kind === "input") return source.name;
  throw wrong(`an input is wanted, got a value that is ${source.kind}`);
}

function typeOf({ dtype, shape }: Value): Type {
  return { dtype, shape };
}

function wrong(problem: string): RetrieveError {
  return new RetrieveError("invalid_argument", `graph: ${problem}`);
}
