/**
 * The safetensors format, parsed and formatted: 8 bytes of header length (little endian), a JSON header
 * `{name: {dtype, shape, data_offsets: [begin, end]}, __metadata__?}`, then the data without holes or overlap.
 *
 * Bytes may come from anybody: every claim of the header is checked before memory is touched. Knows no files.
 */

import { messageOf, RetrieveError } from "../std/index.ts";
import { type DType, type Shape, sizeOf, type Tensor } from "./tensor.ts";

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

/** The format's own bound on the header. */
const maximalHeader = 100_000_000;

const dtypes: ReadonlyMap<unknown, DType> = new Map([
  ["F32", "float32"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["I8", "int8"],
  ["U8", "uint8"],
  ["I32", "int32"],
  ["I64", "int64"],
  ["BOOL", "bool"],
]);
const names: ReadonlyMap<DType, unknown> = new Map([...dtypes].map(([name, dtype]) => [dtype, name]));

type View = (buffer: ArrayBuffer, byteOffset: number, length: number) => Tensor["data"];

const layouts: { readonly [Name in DType]: { readonly bytes: number; readonly view: View } } = {
  float32: { bytes: 4, view: (buffer, at, length) => new Float32Array(buffer, at, length) },
  float16: { bytes: 2, view: (buffer, at, length) => new Uint16Array(buffer, at, length) },
  bfloat16: { bytes: 2, view: (buffer, at, length) => new Uint16Array(buffer, at, length) },
  int8: { bytes: 1, view: (buffer, at, length) => new Int8Array(buffer, at, length) },
  uint8: { bytes: 1, view: (buffer, at, length) => new Uint8Array(buffer, at, length) },
  int32: { bytes: 4, view: (buffer, at, length) => new Int32Array(buffer, at, length) },
  int64: { bytes: 8, view: (buffer, at, length) => new BigInt64Array(buffer, at, length) },
  bool: { bytes: 1, view: (buffer, at, length) => new Uint8Array(buffer, at, length) },
};

/**
 * The tensors of a file, as views of `bytes` where alignment allows (keep `bytes` unchanged), else as copies.
 *
 * Throws `invalid_data` for a truncated or hostile file and `unsupported` for element types that nothing here uses.
 */
export function parseSafetensors(bytes: Uint8Array): Safetensors {
  if (bytes.length < 8) throw broken(`wanted at least 8 bytes, got ${bytes.length}`);
  const claimed = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (claimed > BigInt(Math.min(bytes.length - 8, maximalHeader))) {
    throw broken(`the header claims ${claimed} bytes, the file has ${bytes.length - 8} after the length`);
  }
  const dataStart = 8 + Number(claimed);
  const header = parseHeader(bytes.subarray(8, dataStart));
  const data = bytes.subarray(dataStart);
  const { __metadata__: metadata, ...described } = header;
  const entries = Object.entries(described).map(([name, value]) => parseEntry(name, value));
  checkCoverage(entries, data.length);
  return {
    tensors: new Map(entries.map((entry) => [entry.name, tensorOf(entry, data)])),
    metadata: parseMetadata(metadata),
  };
}

/** A file of the tensors in one piece: {@link safetensorsParts} joined. Memory: one copy. */
export function formatSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const parts = safetensorsParts(tensors, metadata);
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * A file of the tensors, its header and a view of each tensor after it. Elements of wider types come first, so that
 * every tensor is aligned; then by name, so that equal content gives equal bytes whatever the order of the map.
 */
export function safetensorsParts(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array[] {
  const sorted = [...tensors].sort(
    ([left, { dtype: a }], [right, { dtype: b }]) =>
      layouts[b].bytes - layouts[a].bytes || (left < right ? -1 : 1),
  );
  let end = 0;
  const entries = sorted.map(([name, { dtype, shape, data }]) => {
    const begin = end;
    end += data.byteLength;
    return [name, { dtype: names.get(dtype), shape, data_offsets: [begin, end] }] as const;
  });
  const meta = [...metadata].sort(([left], [right]) => (left < right ? -1 : 1));
  const described = { ...(meta.length > 0 && { __metadata__: Object.fromEntries(meta) }) };
  const json = JSON.stringify({ ...described, ...Object.fromEntries(entries) });
  const text = new TextEncoder().encode(json);
  const headerLength = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(8 + headerLength).fill(0x20, 8);
  new DataView(header.buffer).setBigUint64(0, BigInt(headerLength), true);
  header.set(text, 8);
  return [
    header,
    ...sorted.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ];
}

function parseHeader(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let text: string;
  let header: unknown;
  let keys: readonly number[];
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    keys = countKeys(text);
    header = JSON.parse(text);
  } catch (error) {
    if (RetrieveError.isInstance(error)) throw error;
    throw broken(`the header is not JSON (${messageOf(error)})`);
  }
  if (!isObject(header)) throw broken("the header is not a JSON object");
  const inner = Object.values(header).reduce<number>((sum, value) => sum + sizeOfObject(value), 0);
  if (keys[1] !== Object.keys(header).length || keys[2] !== inner) throw broken("the header repeats a name");
  return header;
}

/**
 * How many keys stand at each depth of a JSON text. `JSON.parse` keeps the last of two equal keys without a word;
 * counting the colons shows the loss. Deeper than three levels is no safetensors header, and is not parsed.
 */
function countKeys(text: string): readonly number[] {
  const keys = [0, 0, 0, 0];
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/gs)) {
    if (token === ":") keys[depth] = (keys[depth] ?? 0) + 1;
    else if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    if (depth > 3) throw broken("the header is nested deeper than three levels");
  }
  return keys;
}

function parseEntry(name: string, value: unknown): Entry {
  const place = `tensor ${JSON.stringify(name)}`;
  if (!isObject(value)) throw broken(`${place}: wanted {dtype, shape, data_offsets}`);
  const { dtype: typeName, shape, data_offsets: offsets } = value;
  const dtype = dtypes.get(typeName);
  if (dtype === undefined) {
    const known = [...dtypes.keys()].join(", ");
    const got = JSON.stringify(typeName);
    throw new RetrieveError("unsupported", `safetensors: ${place} has dtype ${got}; wanted one of ${known}`);
  }
  if (!isSizes(shape)) throw broken(`${place}: shape ${JSON.stringify(shape)} is not a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw broken(`${place}: data_offsets ${JSON.stringify(offsets)} is not [begin, end]`);
  }
  const [begin = 0, end = 0] = offsets;
  const wanted = sizeOf(shape) * layouts[dtype].bytes;
  if (!Number.isSafeInteger(wanted) || end - begin !== wanted) {
    throw broken(
      `${place}: shape [${shape.join(", ")}] wants ${wanted} bytes, data_offsets give ${end - begin}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** Every byte of the data belongs to exactly one tensor. */
function checkCoverage(entries: readonly Entry[], length: number): void {
  let covered = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered) throw broken(`tensor ${JSON.stringify(name)} overlaps the one before it`);
    if (begin > covered) throw broken(`a hole of ${begin - covered} bytes before ${JSON.stringify(name)}`);
    covered = end;
  }
  if (covered === length) return;
  const what = covered > length ? "the file is truncated" : "bytes follow the last tensor";
  throw broken(`${what}: the tensors take ${covered} bytes, the file has ${length}`);
}

function tensorOf({ dtype, shape, begin, end }: Entry, data: Uint8Array): Tensor {
  const { bytes, view } = layouts[dtype];
  const part = data.subarray(begin, end);
  const aligned = part.byteOffset % bytes === 0 && part.buffer instanceof ArrayBuffer;
  const source = aligned ? part : Uint8Array.from(part);
  const elements = view(source.buffer as ArrayBuffer, source.byteOffset, part.length / bytes);
  return { dtype, shape, data: elements } as Tensor; // the table pairs each dtype with its storage
}

function parseMetadata(value: unknown): ReadonlyMap<string, string> {
  if (value === undefined) return new Map();
  if (!isObject(value)) throw broken("__metadata__ is not an object");
  return new Map(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== "string") throw broken(`__metadata__ ${JSON.stringify(key)} is not a string`);
      return [key, text];
    }),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sizeOfObject(value: unknown): number {
  return isObject(value) ? Object.keys(value).length : 0;
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function broken(what: string): RetrieveError {
  return new RetrieveError("invalid_data", `safetensors: ${what}; copy or download the file again`);
}
