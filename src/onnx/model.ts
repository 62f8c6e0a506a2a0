/** ONNX bytes back to a graph, for models whose operators are all in our table. */

import {
  type Attributes,
  type Graph,
  type Literal,
  type Node,
  type OnnxAttribute,
  type OnnxView,
  type OperatorName,
  operators,
  type Type,
  type Variable,
  verify,
} from "../graph/index.ts";
import { messageOf, RetrieveError } from "../std/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { type OnnxGraph, type OnnxNode, parseOnnx } from "./parse.ts";
import { malformed } from "./wire.ts";

export interface Model {
  readonly graph: Graph;
  readonly parameters: ReadonlyMap<string, Tensor>;
}

/** What a model takes and gives. */
export interface Signature {
  readonly inputs: readonly Variable[];
  readonly outputs: readonly Variable[];
}

/** Inputs and outputs of any ONNX model, whatever its operators. Throws `invalid_data`. */
export function parseSignature(bytes: Uint8Array): Signature {
  const { inputs, outputs } = parseOnnx(bytes);
  return { inputs, outputs };
}

/**
 * The graph and the weights of a model that {@link emitModel} could have written: `parseModel(emitModel(graph))` is
 * the graph again.
 *
 * Throws `invalid_data` for bytes that are no such model and `unsupported` for an operator outside of the table.
 */
export function parseModel(bytes: Uint8Array): Model {
  const onnx = parseOnnx(bytes);
  const types = new Map([...onnx.between, ...onnx.outputs].map((variable) => [variable.name, variable]));
  const literals = literalsOf(onnx);
  const inner = new Set([...literals.keys()].filter((name) => name.includes("/")));
  const parameters = new Map([...onnx.initializers].map(([name, decode]) => [name, decode()]));
  const graph: Graph = {
    inputs: onnx.inputs,
    parameters: [...parameters].map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
    nodes: onnx.nodes
      .filter(({ results }) => !inner.has(results[0] ?? ""))
      .map((node) => parseNode(node, types, literals)),
    outputs: onnx.outputs.map(({ name }) => name),
  };
  try {
    verify(graph);
  } catch (error) {
    throw malformed(messageOf(error));
  }
  return { graph, parameters };
}

/** Constants by name. Those with a slash in their name belong to one node. */
function literalsOf(onnx: OnnxGraph): ReadonlyMap<string, Literal> {
  const constants = onnx.nodes.flatMap(({ type, results: [name = ""], attributes }): [string, Literal][] => {
    const value = type === "Constant" ? attributes.get("value") : undefined;
    return value?.kind === "literal" ? [[name, value.value]] : [];
  });
  return new Map(constants);
}

function parseNode(
  node: OnnxNode,
  types: ReadonlyMap<string, Variable>,
  literals: ReadonlyMap<string, Literal>,
): Node {
  const { results, operands } = node;
  const output = types.get(results[0] ?? "");
  if (output === undefined) throw malformed(`the type of ${results[0] ?? "a node"} is not declared`);
  const operator = operatorOf(node);
  const places = operators[operator].onnx.literals ?? [];
  const parsed = {
    ...output,
    operator,
    attributes: readAttributes(operator, viewOf(node, output, literals)),
    operands: operands.filter((_, place) => !places.includes(place)),
  };
  return parsed as unknown as Node; // `read` of the row gives the attributes of the row
}

function readAttributes<Name extends OperatorName>(name: Name, view: OnnxView): Attributes[Name] {
  return operators[name].onnx.read(view);
}

const byType: ReadonlyMap<string, OperatorName> = new Map(
  Object.entries(operators).map(([name, { onnx }]) => [
    `${onnx.domain ?? ""}:${onnx.type}`,
    name as OperatorName, // the keys of a total table
  ]),
);

function operatorOf({ domain, type }: OnnxNode): OperatorName {
  const found = byType.get(`${domain === "ai.onnx" ? "" : domain}:${type}`);
  if (found !== undefined) return found;
  throw new RetrieveError(
    "unsupported",
    `onnx: operator ${domain && `${domain}.`}${type} is not in the table`,
  );
}

/** The value of an attribute of a kind. */
type Of<Kind extends OnnxAttribute["kind"]> = Extract<OnnxAttribute, { readonly kind: Kind }>["value"];

function viewOf(node: OnnxNode, output: Type, literals: ReadonlyMap<string, Literal>): OnnxView {
  const find = <Kind extends OnnxAttribute["kind"]>(
    name: string,
    kind: Kind,
    otherwise?: Of<Kind>,
  ): Of<Kind> => {
    const attribute = node.attributes.get(name);
    if (attribute === undefined && otherwise !== undefined) return otherwise;
    if (attribute?.kind !== kind) throw malformed(`${node.type} without the ${kind} attribute ${name}`);
    return attribute.value as Of<Kind>; // its kind was compared
  };
  return {
    output,
    int: (name, otherwise) => find(name, "int", otherwise),
    ints: (name, otherwise) => find(name, "ints", otherwise),
    float: (name, otherwise) => find(name, "float", otherwise),
    string: (name, otherwise) => find(name, "string", otherwise),
    literal: (place) => {
      if (typeof place === "string") return find(place, "literal");
      const literal = literals.get(node.operands[place] ?? "");
      if (literal === undefined) throw malformed(`${node.type}: operand ${place} is not a constant`);
      return literal;
    },
  };
}
