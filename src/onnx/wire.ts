/**
 * The wire format of Protocol Buffers: fields of a number, a kind and a value. Knows no message types. Source: the
 * encoding guide at protobuf.dev.
 */

import { RetrieveError } from "../std/index.ts";

/** Encoded bytes in parts, so that large ones are copied once, at the end. */
export interface Encoded {
  readonly length: number;
  readonly parts: readonly Uint8Array[];
}

/** A field as it was read: a whole number for varints, bytes for everything else. */
export interface Field {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

const varint = 0;
const fixed64 = 1;
const delimited = 2;
const fixed32 = 5;

/** Fields after each other. */
export function join(...fields: readonly Encoded[]): Encoded {
  return {
    length: fields.reduce((sum, { length }) => sum + length, 0),
    parts: fields.flatMap(({ parts }) => parts),
  };
}

/** A message, a string or bytes, as field `number`. */
export function nested(number: number, content: Encoded | Uint8Array | string): Encoded {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const inner = bytes instanceof Uint8Array ? { length: bytes.length, parts: [bytes] } : bytes;
  const head = Uint8Array.from([...varintOf((number << 3) | delimited), ...varintOf(inner.length)]);
  return { length: head.length + inner.length, parts: [head, ...inner.parts] };
}

/** A whole number as field `number`; negative ones as 64-bit two's complement. */
export function integer(number: number, value: number): Encoded {
  return whole(Uint8Array.from([...varintOf((number << 3) | varint), ...varintOf(value)]));
}

/** A 32-bit float as field `number`. */
export function float(number: number, value: number): Encoded {
  const bytes = new Uint8Array(5);
  bytes[0] = (number << 3) | fixed32; // field numbers below 16 take one byte
  new DataView(bytes.buffer).setFloat32(1, value, true);
  return whole(bytes);
}

/** Everything in one array. */
export function toBytes({ length, parts }: Encoded): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The fields of a message in order. Throws `invalid_data` when the bytes are no message. */
export function readFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const next = (): bigint => {
    const [value, after] = readVarint(bytes, at);
    at = after;
    return value;
  };
  const take = (length: bigint | number): Uint8Array => {
    if (length > bytes.length - at)
      throw malformed(`${length} bytes are claimed, ${bytes.length - at} are there`);
    const taken = bytes.subarray(at, at + Number(length));
    at += Number(length);
    return taken;
  };
  while (at < bytes.length) {
    const key = next();
    const number = Number(key >> 3n);
    if (number === 0 || number > 536_870_911) throw malformed(`field number ${number}`);
    fields.push({ number, value: readValue(Number(key & 7n), next, take) });
  }
  return fields;
}

/** Whole numbers of a packed field. */
export function readVarints(bytes: Uint8Array): bigint[] {
  const values: bigint[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [value, after] = readVarint(bytes, at);
    values.push(value);
    at = after;
  }
  return values;
}

/** The error of bytes that are no ONNX model. */
export function malformed(problem: string): RetrieveError {
  return new RetrieveError("invalid_data", `onnx: ${problem}; the file is damaged or no ONNX model`);
}

function readValue(
  kind: number,
  next: () => bigint,
  take: (length: bigint | number) => Uint8Array,
): bigint | Uint8Array {
  switch (kind) {
    case varint:
      return next();
    case fixed64:
      return take(8);
    case delimited:
      return take(next());
    case fixed32:
      return take(4);
    default:
      throw malformed(`wire type ${kind}`);
  }
}

/** The number at `at`, as 64-bit two's complement, and the place after it. */
function readVarint(bytes: Uint8Array, at: number): readonly [bigint, number] {
  let value = 0n;
  for (let index = 0; index < 10; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) throw malformed("it ends within a number");
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return [BigInt.asIntN(64, value), at + index + 1];
  }
  throw malformed("a number is longer than 64 bits");
}

function varintOf(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return bytes;
}

function whole(bytes: Uint8Array): Encoded {
  return { length: bytes.length, parts: [bytes] };
}
