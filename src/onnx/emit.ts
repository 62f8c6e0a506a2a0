/** A graph and its weights as the bytes of an ONNX model. Field numbers are those of onnx.proto. */

import {
  type Attributes,
  type Dims,
  type Graph,
  type Literal,
  type Node,
  type OnnxAttribute,
  type OnnxForm,
  type OperatorName,
  onnxTypes,
  operators,
  type Type,
  type Variable,
  verify,
} from "../graph/index.ts";
import { RetrieveError } from "../std/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { toRaw, toTensor } from "./types.ts";
import { type Encoded, float, integer, join, nested, toBytes } from "./wire.ts";

/** QuantizeLinear takes blocks from here on; everything else in the table is older. */
const operatorSet = 21;
/** The version of the file format that belongs to operator set 21. */
const fileVersion = 10;
/** Protocol Buffers bound a message to 2 GiB, and ONNX Runtime keeps to it. */
const maximalBytes = 2 ** 31 - 1;

/**
 * The model of `graph` with `parameters` as its weights; tensors that the graph does not name are left out. A
 * parameter that is not given becomes an input of the model, after the graph's own.
 *
 * Throws `invalid_argument` for a broken graph or a tensor of another type than its parameter, and `unsupported` for
 * a model above 2 GiB. Costs one copy of the weights.
 */
export function emitModel(graph: Graph, parameters: ReadonlyMap<string, Tensor>): Uint8Array {
  verify(graph);
  const given = graph.parameters.filter(({ name }) => parameters.has(name));
  const open = graph.parameters.filter(({ name }) => !parameters.has(name));
  const body = join(
    ...emitNodes(graph),
    nested(2, "encoder"),
    ...given.map((variable) => nested(5, emitInitializer(variable, parameters))),
    ...[...graph.inputs, ...open].map((variable) => nested(11, emitVariable(variable))),
    ...outputsOf(graph).map((variable) => nested(12, emitVariable(variable))),
    ...graph.nodes
      .filter(({ name }) => !graph.outputs.includes(name))
      .map((node) => nested(13, emitVariable(node))),
  );
  const model = join(
    integer(1, fileVersion),
    nested(2, "retrieve-anything"),
    nested(7, body),
    nested(8, join(nested(1, ""), integer(2, operatorSet))),
    nested(8, join(nested(1, "com.microsoft"), integer(2, 1))),
  );
  if (model.length > maximalBytes) throw tooLarge(model.length);
  return toBytes(model);
}

function emitNodes(graph: Graph): Encoded[] {
  const types = new Map<string, Type>(
    [...graph.inputs, ...graph.parameters, ...graph.nodes].map((variable) => [variable.name, variable]),
  );
  return graph.nodes.flatMap((node) => {
    const inputs = node.operands.flatMap((name) => types.get(name) ?? []);
    return emitNode(node, formOf(node.operator, node.attributes, inputs)).map((encoded) =>
      nested(1, encoded),
    );
  });
}

function formOf<Name extends OperatorName>(
  operator: Name,
  attributes: Attributes[Name],
  inputs: readonly Type[],
): OnnxForm {
  return operators[operator].onnx.write(attributes, inputs);
}

/** The node, after the literals that it takes as operands. */
function emitNode(node: Node, { operands, attributes = {} }: OnnxForm): Encoded[] {
  const { type, domain = "" } = operators[node.operator].onnx;
  const literals: Encoded[] = [];
  const names = (operands ?? node.operands.map((_, index) => index)).map((operand, place) => {
    if (typeof operand === "number") return node.operands[operand] ?? "";
    const name = `${node.name}/${place}`;
    literals.push(emitConstant(name, operand));
    return name;
  });
  return [
    ...literals,
    join(
      ...names.map((name) => nested(1, name)),
      nested(2, node.name),
      nested(3, `${node.operator} ${node.name}`),
      nested(4, type),
      ...Object.entries(attributes).map(([name, value]) => nested(5, emitAttribute(name, value))),
      nested(7, domain),
    ),
  ];
}

function emitConstant(name: string, value: Literal): Encoded {
  return join(
    nested(2, name),
    nested(4, "Constant"),
    nested(5, emitAttribute("value", { kind: "literal", value })),
  );
}

function emitAttribute(name: string, attribute: OnnxAttribute): Encoded {
  const named = nested(1, name);
  switch (attribute.kind) {
    case "float":
      return join(named, float(2, attribute.value), integer(20, 1));
    case "int":
      return join(named, integer(3, attribute.value), integer(20, 2));
    case "string":
      return join(named, nested(4, attribute.value), integer(20, 3));
    case "literal":
      return join(named, nested(5, emitTensor(toTensor(attribute.value))), integer(20, 4));
    case "ints":
      return join(named, ...attribute.value.map((value) => integer(8, value)), integer(20, 7));
  }
}

function emitInitializer({ name, dtype, shape }: Variable, parameters: ReadonlyMap<string, Tensor>): Encoded {
  const tensor = parameters.get(name);
  if (tensor?.dtype !== dtype || tensor.shape.join() !== shape.join()) {
    const got = `${tensor?.dtype} [${tensor?.shape.join(", ")}]`;
    throw new RetrieveError(
      "invalid_argument",
      `onnx: the parameter ${name} wants ${dtype} [${shape.join(", ")}], got ${got}`,
    );
  }
  return emitTensor(tensor, name);
}

function emitTensor(tensor: Tensor, name = ""): Encoded {
  return join(
    ...tensor.shape.map((size) => integer(1, size)),
    integer(2, onnxTypes[tensor.dtype]),
    nested(8, name),
    nested(9, toRaw(tensor)),
  );
}

function emitVariable({ name, dtype, shape }: Variable): Encoded {
  const tensorType = join(integer(1, onnxTypes[dtype]), nested(2, emitShape(shape)));
  return join(nested(1, name), nested(2, nested(1, tensorType)));
}

function emitShape(shape: Dims): Encoded {
  return join(...shape.map((dim) => nested(1, typeof dim === "number" ? integer(1, dim) : nested(2, dim))));
}

function outputsOf({ nodes, outputs }: Graph): readonly Variable[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  return outputs.flatMap((name) => byName.get(name) ?? []);
}

function tooLarge(bytes: number): RetrieveError {
  const size = (bytes / 2 ** 30).toFixed(2);
  return new RetrieveError(
    "unsupported",
    `onnx: the model has ${size} GiB, ONNX holds 2 GiB in one piece; open it with the precision int8`,
  );
}
