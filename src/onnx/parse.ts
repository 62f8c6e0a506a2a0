/** The bytes of an ONNX model as the messages that it is made of. Field numbers are those of onnx.proto. */

import type { Dim, OnnxAttribute, Variable } from "../graph/index.ts";
import { sizeOf, type Tensor } from "../tensor/index.ts";
import { dtypeOf, fromRaw, toLiteral, toTensor } from "./types.ts";
import { type Field, malformed, readFields, readVarints } from "./wire.ts";

/** An ONNX node as it stands in the file. */
export interface OnnxNode {
  readonly type: string;
  readonly domain: string;
  readonly operands: readonly string[];
  readonly results: readonly string[];
  /** Attributes of kinds that nothing here uses are left out. */
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** The parts of a model's graph, in the order of the file. Initializers are decoded when asked for. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly Variable[];
  readonly outputs: readonly Variable[];
  /** Declared types of values in between. */
  readonly between: readonly Variable[];
  readonly initializers: ReadonlyMap<string, () => Tensor>;
}

/** Throws `invalid_data` for bytes that are no ONNX model. Weights are not copied here. */
export function parseOnnx(bytes: Uint8Array): OnnxGraph {
  const graph = messages(readFields(bytes), 7).at(-1);
  if (graph === undefined) throw malformed("there is no graph in it");
  const fields = readFields(graph);
  const initializers = new Map(messages(fields, 5).map(parseInitializer));
  return {
    nodes: messages(fields, 1).map(parseNode),
    inputs: messages(fields, 11)
      .map(parseVariable)
      .filter(({ name }) => !initializers.has(name)),
    outputs: messages(fields, 12).map(parseVariable),
    between: messages(fields, 13).map(parseVariable),
    initializers,
  };
}

function parseNode(bytes: Uint8Array): OnnxNode {
  const fields = readFields(bytes);
  return {
    type: text(fields, 4),
    domain: text(fields, 7),
    operands: messages(fields, 1).map(decode),
    results: messages(fields, 2).map(decode),
    attributes: new Map(messages(fields, 5).flatMap(parseAttribute)),
  };
}

function parseAttribute(bytes: Uint8Array): [string, OnnxAttribute][] {
  const fields = readFields(bytes);
  const attribute = attributeOf(fields, Number(number(fields, 20)));
  return attribute === undefined ? [] : [[text(fields, 1), attribute]];
}

function attributeOf(fields: readonly Field[], kind: number): OnnxAttribute | undefined {
  switch (kind) {
    case 1:
      return { kind: "float", value: floatOf(messages(fields, 2).at(-1)) };
    case 2:
      return { kind: "int", value: Number(number(fields, 3)) };
    case 3:
      return { kind: "string", value: text(fields, 4) };
    case 4: {
      const tensor = messages(fields, 5).at(-1);
      if (tensor === undefined) throw malformed("an attribute without its tensor");
      return { kind: "literal", value: toLiteral(parseTensor(readFields(tensor))) };
    }
    case 7:
      return { kind: "ints", value: numbers(fields, 8).map(Number) };
    default:
      return undefined;
  }
}

function parseInitializer(bytes: Uint8Array): [string, () => Tensor] {
  const fields = readFields(bytes);
  return [text(fields, 8), () => parseTensor(fields)];
}

function parseTensor(fields: readonly Field[]): Tensor {
  const shape = numbers(fields, 1).map(Number);
  const size = sizeOf(shape);
  if (shape.some((dim) => dim < 0) || !Number.isSafeInteger(size))
    throw malformed(`a tensor of shape [${shape}]`);
  const dtype = dtypeOf(Number(number(fields, 2)));
  if (number(fields, 14) === 1n) throw malformed("a tensor is kept in another file, which is not read here");
  const raw = messages(fields, 9).at(-1);
  if (raw !== undefined) return fromRaw(dtype, shape, raw);
  const values =
    dtype === "float32" ? floats(fields, 4) : numbers(fields, dtype === "int64" ? 7 : 5).map(Number);
  if (values.length !== size) throw malformed(`a tensor of [${shape}] has ${values.length} elements`);
  return toTensor({ dtype, shape, values });
}

function parseVariable(bytes: Uint8Array): Variable {
  const fields = readFields(bytes);
  const type = messages(fields, 2).at(-1);
  const tensor = type && messages(readFields(type), 1).at(-1);
  if (tensor === undefined) throw malformed(`the variable ${text(fields, 1)} is no tensor`);
  const described = readFields(tensor);
  const shape = messages(described, 2).at(-1);
  return {
    name: text(fields, 1),
    dtype: dtypeOf(Number(number(described, 1))),
    shape: shape === undefined ? [] : messages(readFields(shape), 1).map(parseDim),
  };
}

/** A size that the file does not name is a symbol that equals only itself. */
function parseDim(bytes: Uint8Array, axis: number): Dim {
  const fields = readFields(bytes);
  const size = fields.find((field) => field.number === 1);
  return size === undefined ? text(fields, 2) || `?${axis}` : Number(number(fields, 1));
}

function messages(fields: readonly Field[], wanted: number): Uint8Array[] {
  return fields
    .filter((field) => field.number === wanted)
    .map(({ value }) => {
      if (typeof value === "bigint") throw malformed(`field ${wanted} is a number, bytes are wanted`);
      return value;
    });
}

/** The last whole number of a field, 0 when absent, as Protocol Buffers have it. */
function number(fields: readonly Field[], wanted: number): bigint {
  return numbers(fields, wanted).at(-1) ?? 0n;
}

/** Whole numbers of a field, written one by one or packed. */
function numbers(fields: readonly Field[], wanted: number): bigint[] {
  return fields
    .filter((field) => field.number === wanted)
    .flatMap(({ value }) => (typeof value === "bigint" ? [value] : readVarints(value)));
}

function floats(fields: readonly Field[], wanted: number): number[] {
  return messages(fields, wanted).flatMap((bytes) => {
    if (bytes.length % 4 !== 0) throw malformed(`${bytes.length} bytes of floats`);
    return Array.from({ length: bytes.length / 4 }, (_, index) => floatOf(bytes.subarray(4 * index)));
  });
}

function floatOf(bytes: Uint8Array | undefined): number {
  if (bytes === undefined) return 0;
  if (bytes.length < 4) throw malformed("a float of less than 4 bytes");
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
}

function text(fields: readonly Field[], wanted: number): string {
  const bytes = messages(fields, wanted).at(-1);
  return bytes === undefined ? "" : decode(bytes);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw malformed("a name is not UTF-8");
  }
}
