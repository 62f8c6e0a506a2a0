import { describe, expect, it } from "vitest";
import { createTensor, sizeOf, toFloat32 } from "#src/tensor/index.js";

describe("createTensor", () => {
  it("refuses data that the shape does not describe", () => {
    expect(() => createTensor("float32", [2, 3], new Float32Array(5))).toThrow(
      "[2, 3] wants 6 elements, got 5",
    );
  });

  it("counts a scalar as one element and an empty axis as none", () => {
    expect([sizeOf([]), sizeOf([4, 0, 2]), sizeOf([2, 3])]).toEqual([1, 0, 6]);
  });
});

describe("toFloat32", () => {
  it("hands out the same array when nothing is to be done", () => {
    const data = Float32Array.of(1, 2);
    expect(toFloat32(createTensor("float32", [2], data))).toBe(data);
  });

  it("converts the halves of IEEE 754 binary16 exactly", () => {
    // From the format's definition: 2^(e-15) * (1 + f/1024), subnormals f * 2^-24.
    const cases: readonly (readonly [number, number])[] = [
      [0x0000, 0],
      [0x8000, -0],
      [0x3c00, 1],
      [0xc000, -2],
      [0x3555, (1 + 341 / 1024) / 4],
      [0x7bff, 65504],
      [0x0400, 2 ** -14],
      [0x0001, 2 ** -24],
      [0x83ff, -1023 * 2 ** -24],
      [0x7c00, Number.POSITIVE_INFINITY],
      [0xfc00, Number.NEGATIVE_INFINITY],
      [0x7e00, Number.NaN],
    ];
    const bits = Uint16Array.from(cases, ([half]) => half);
    expect([...toFloat32(createTensor("float16", [bits.length], bits))]).toEqual(
      cases.map(([, value]) => value),
    );
  });

  it("converts every finite binary16 value to what the definition gives", () => {
    const halves = Uint16Array.from({ length: 0x10000 }, (_, at) => at).filter(
      (at) => (at & 0x7c00) !== 0x7c00,
    );
    const wanted = Array.from(halves, (half) => {
      const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
      const size = exponent === 0 ? fraction * 2 ** -24 : 2 ** (exponent - 15) * (1 + fraction / 1024);
      return half & 0x8000 ? -size : size;
    });
    expect([...toFloat32(createTensor("float16", [halves.length], halves))]).toEqual(wanted);
  });

  it("converts bfloat16, the upper half of a float32", () => {
    const bits = Uint16Array.of(0x3f80, 0xc040, 0x0000, 0x7f80, 0x0001);
    const wanted = [1, -3, 0, Number.POSITIVE_INFINITY, 2 ** -133];
    expect([...toFloat32(createTensor("bfloat16", [5], bits))]).toEqual(wanted);
  });

  it("converts integers", () => {
    expect([...toFloat32(createTensor("int8", [2], Int8Array.of(-64, 63)))]).toEqual([-64, 63]);
    expect([...toFloat32(createTensor("int64", [2], BigInt64Array.of(-5n, 7n)))]).toEqual([-5, 7]);
  });
});
