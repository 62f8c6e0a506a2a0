/** Whether a graph is one: for graphs that come from a file, or from a transformation that may be wrong. */

import { messageOf, RetrieveError } from "../std/index.ts";
import type { Graph, Node, Variable } from "./graph.ts";
import { formatDims, sameDims, type Type } from "./shape.ts";
import { type OperatorName, operators } from "./table.ts";
import { inferType } from "./value.ts";

/**
 * Throws `invalid_argument` for the first thing that is wrong: a name that is empty, used twice, unknown, or used
 * before it is computed; an unknown operator; operands that do not fit; a declared type that is not the computed one;
 * a parameter whose size is not a number; no output.
 */
export function verify(graph: Graph): void {
  const later = new Set(graph.nodes.map(({ name }) => name));
  const known = new Map<string, Type>();
  const declare = (variable: Variable): void => {
    if (variable.name === "") throw broken("a variable has no name");
    if (known.has(variable.name)) throw broken(`the name ${variable.name} is used twice`);
    known.set(variable.name, variable);
  };

  graph.inputs.forEach(declare);
  for (const parameter of graph.parameters) {
    const symbol = parameter.shape.find((dim) => typeof dim === "string");
    if (symbol !== undefined) throw broken(`the parameter ${parameter.name} has the unknown size ${symbol}`);
    declare(parameter);
  }
  for (const node of graph.nodes) {
    verifyNode(node, known, later);
    declare(node);
  }
  if (graph.outputs.length === 0) throw broken("it has no outputs");
  for (const name of graph.outputs) {
    if (!later.has(name)) throw broken(`the output ${name} is computed by no node`);
  }
}

function verifyNode(node: Node, known: ReadonlyMap<string, Type>, later: ReadonlySet<string>): void {
  if (!Object.hasOwn(operators, node.operator)) {
    throw broken(`node ${node.name}: there is no operator ${node.operator satisfies OperatorName}`);
  }
  const types = node.operands.map((name) => {
    const type = known.get(name);
    if (type !== undefined) return type;
    const problem = later.has(name) ? "is used before it is computed" : "is not defined";
    throw broken(`node ${node.name}: the operand ${name} ${problem}`);
  });
  const { dtype, shape } = inferOf(node, types);
  if (dtype !== node.dtype || !sameDims(shape, node.shape)) {
    const declared = `${node.dtype} ${formatDims(node.shape)}`;
    throw broken(`node ${node.name}: declared as ${declared}, computed as ${dtype} ${formatDims(shape)}`);
  }
}

function inferOf(node: Node, types: readonly Type[]): Type {
  try {
    return inferType<OperatorName>(node.operator, types, node.attributes);
  } catch (error) {
    throw broken(`node ${node.name}: ${messageOf(error)}`);
  }
}

function broken(problem: string): RetrieveError {
  return new RetrieveError("invalid_argument", `graph: ${problem}`);
}
