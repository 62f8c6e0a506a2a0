import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createTensor,
  type DType,
  formatSafetensors,
  parseSafetensors,
  type Tensor,
} from "#src/tensor/index.js";

const constructors = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int32: Int32Array,
  bool: Uint8Array,
};

/** A file with any header text: what a hostile writer can make. */
function fileOf(header: string, dataLength = 0, claimed?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (
  begin: number,
  end: number,
  shape: readonly number[] = [(end - begin) / 4],
  dtype = "F32",
): object => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe("safetensors", () => {
  it("reads a file written byte by byte from the format's definition", () => {
    const file = fileOf('{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8);
    new DataView(file.buffer).setFloat32(file.length - 8, 1.5, true);
    new DataView(file.buffer).setFloat32(file.length - 4, -2, true);
    const { tensors, metadata } = parseSafetensors(file);
    expect(tensors.get("a")).toEqual(createTensor("float32", [2], Float32Array.of(1.5, -2)));
    expect(metadata.get("k")).toBe("v");
  });

  it("gives back what was formatted, whatever the names, types, shapes and alignment", () => {
    const tensor = fc
      .tuple(
        fc.constantFrom(...(Object.keys(constructors) as (keyof typeof constructors)[])),
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
      )
      .map(([dtype, shape]) => {
        const size = shape.reduce((product, axis) => product * axis, 1);
        const data = constructors[dtype].from(Array.from({ length: size }, (_, at) => at * 3 - 5));
        return createTensor<DType>(dtype, shape, data) as Tensor;
      });
    const name = fc.string().filter((text) => text !== "__metadata__");
    const file = fc.tuple(fc.array(fc.tuple(name, tensor)), fc.dictionary(fc.string(), fc.string()));
    fc.assert(
      fc.property(file, fc.integer({ min: 0, max: 7 }), ([tensors, metadata], shift) => {
        const before = { tensors: new Map(tensors), metadata: new Map(Object.entries(metadata)) };
        const bytes = formatSafetensors(before.tensors, before.metadata);
        const moved = new Uint8Array(bytes.length + shift);
        moved.set(bytes, shift);
        const after = parseSafetensors(moved.subarray(shift));
        expect(new Map([...after.tensors].sort())).toEqual(new Map([...before.tensors].sort()));
        expect(new Map([...after.metadata].sort())).toEqual(new Map([...before.metadata].sort()));
      }),
    );
  });

  it("writes equal bytes for equal content, and views what is aligned", () => {
    const a = createTensor("int8", [3], Int8Array.of(1, 2, 3));
    const b = createTensor("float32", [1], Float32Array.of(4));
    const forward = formatSafetensors(new Map<string, Tensor>([["a", a], ["b", b]])); // biome-ignore format: pairs
    const backward = formatSafetensors(new Map<string, Tensor>([["b", b], ["a", a]])); // biome-ignore format: pairs
    expect(forward).toEqual(backward);
    expect(parseSafetensors(forward).tensors.get("b")?.data.buffer).toBe(forward.buffer);
  });

  it.each<readonly [string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(0), "at least 8 bytes"],
    ["a header length beyond the file", fileOf("{}", 0, 3n), "claims 3 bytes, the file has 2"],
    ["a header length of 2^63", fileOf("{}", 0, 1n << 63n), "claims 9223372036854775808 bytes"],
    ["a header that is not JSON", fileOf("{nope}"), "not JSON"],
    ["a header that is not UTF-8", fileOf("{}").fill(0xff, 8), "not JSON"],
    ["a header that is a list", fileOf("[]"), "not a JSON object"],
    ["an entry that is a number", fileOf('{"a":1}'), "wanted {dtype, shape, data_offsets}"],
    ["overlapping tensors", fileOf(JSON.stringify({ a: entry(0, 8), b: entry(4, 12) }), 12), "overlaps"],
    ["a hole", fileOf(JSON.stringify({ a: entry(0, 4), b: entry(8, 12) }), 12), "a hole of 4 bytes"],
    ["a hole at the start", fileOf(JSON.stringify({ a: entry(4, 8) }), 8), "a hole of 4 bytes"],
    ["bytes after the last tensor", fileOf(JSON.stringify({ a: entry(0, 4) }), 8), "follow the last tensor"],
    [
      "a truncated file",
      fileOf(JSON.stringify({ a: entry(0, 8) }), 4),
      "truncated: the tensors take 8 bytes",
    ],
    [
      "a size that the shape does not give",
      fileOf(JSON.stringify({ a: entry(0, 8, [3]) }), 8),
      "wants 12 bytes",
    ],
    [
      "a product of sizes that overflows",
      fileOf(JSON.stringify({ a: entry(0, 8, [2 ** 40, 2 ** 40]) }), 8),
      "wants",
    ],
    ["a negative size", fileOf(JSON.stringify({ a: entry(0, 8, [-2, -1]) }), 8), "not a list of sizes"],
    ["a fractional size", fileOf(JSON.stringify({ a: entry(0, 8, [0.5, 4]) }), 8), "not a list of sizes"],
    ["offsets that run backwards", fileOf(JSON.stringify({ a: entry(8, 0, [2]) }), 8), "give -8"],
    [
      "three offsets",
      fileOf('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0,0]}}'),
      "is not [begin, end]",
    ],
    [
      "an unknown dtype",
      fileOf(JSON.stringify({ a: entry(0, 8, [1], "F64") }), 8),
      'dtype "F64"; wanted one of F32',
    ],
    ["a repeated tensor", fileOf('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'), "repeats a name"], // biome-ignore format: one line a case
    ["a repeated field", fileOf('{"a":{"dtype":"F32","dtype":"I8","shape":[0],"data_offsets":[0,0]}}'), "repeats a name"], // biome-ignore format: one line a case
    [
      "a deep header",
      fileOf(`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
      "deeper than three levels",
    ],
    ["metadata that is not text", fileOf('{"__metadata__":{"a":1}}'), "is not a string"],
  ])("refuses %s", (_, file, message) => {
    expect(() => parseSafetensors(file)).toThrow(message);
  });

  it("answers any bytes with tensors or with its own error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string({ maxLength: 80 }), (bytes, header) => {
        for (const file of [bytes, fileOf(header, 4), fileOf(`{"a":${header}}`)]) {
          try {
            parseSafetensors(file);
          } catch (error) {
            expect((error as Error).name).toBe("RetrieveError");
          }
        }
      }),
    );
  });
});
