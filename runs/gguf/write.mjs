/** The GGUF container, version 3 (ggml's docs/gguf.md): a header, metadata, a table of tensors, and their bytes. */

import { closeSync, openSync, renameSync, writeSync } from "node:fs";

const alignment = 32;

/** Numbers of the types in the file. */
const valueTypes = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 };

/** Numbers of the types of tensors, and bytes of a value. */
const tensorTypes = { f32: { id: 0, bytes: 4 }, f16: { id: 1, bytes: 2 } };

/**
 * Writes a model. `metadata` maps a key to `[type, value]`, for lists `[[type], values]`; a tensor is `{ name, shape, type,
 * bytes }`, its shape with the fastest dimension first and `bytes` a function, so that one at a time is in memory.
 */
export function writeGguf(path, metadata, tensors) {
  const parts = [Buffer.from("GGUF"), u32(3), u64(tensors.length), u64(Object.keys(metadata).length)];
  for (const [key, [type, value]] of Object.entries(metadata)) parts.push(text(key), ...typed(type, value));
  let offset = 0;
  for (const { name, shape, type } of tensors) {
    parts.push(text(name), u32(shape.length), ...shape.map(u64), u32(tensorTypes[type].id), u64(offset));
    offset = aligned(offset + sizeOf({ shape, type }));
  }
  const header = Buffer.concat(parts);
  const partial = `${path}.partial`;
  const file = openSync(partial, "w");
  try {
    writeAll(file, padded(header));
    for (const tensor of tensors) writeAll(file, padded(checked(tensor)));
  } finally {
    closeSync(file);
  }
  renameSync(partial, path);
}

function checked(tensor) {
  const bytes = tensor.bytes();
  const wanted = sizeOf(tensor);
  if (bytes.byteLength !== wanted)
    throw new Error(`${tensor.name}: ${bytes.byteLength} bytes, wanted ${wanted}`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function sizeOf({ shape, type }) {
  return shape.reduce((product, length) => product * length, 1) * tensorTypes[type].bytes;
}

function typed(type, value) {
  if (!Array.isArray(type)) return [u32(valueTypes[type]), scalar(type, value)];
  const [item] = type;
  return [
    u32(valueTypes.array),
    u32(valueTypes[item]),
    u64(value.length),
    ...value.map((one) => scalar(item, one)),
  ];
}

function scalar(type, value) {
  if (type === "string") return text(value);
  if (type === "bool") return Buffer.from([value ? 1 : 0]);
  return type === "f32" ? f32(value) : u32(value);
}

function text(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function f32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function aligned(offset) {
  return Math.ceil(offset / alignment) * alignment;
}

function padded(bytes) {
  return Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]);
}

function writeAll(file, bytes) {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
