/** Each routine against the same loop in JavaScript, whose numbers are float64, on lengths with and without a rest. */

import { describe, expect, it } from "vitest";
import { createRandom, normal } from "#src/std/index.js";
import { createKernels } from "#src/train/kernels.js";

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 63, 64, 65, 1023, 40_001];
const GUARD = 12345;
/** Half a unit in the last place of a number near 1: the largest relative error of one float32 operation. */
const HALF_UNIT = 2 ** -24;

/** A memory with arrays of `length` random numbers, a guard behind each. */
function arrays(count: number, length: number) {
  const random = createRandom(length + 1);
  const kernels = createKernels(4 * count * (length + 1));
  const all = Array.from({ length: count }, (_, index) => {
    const array = new Float32Array(kernels.buffer, 4 * index * (length + 1), length + 1);
    array.forEach((_, at) => {
      array[at] = normal(random);
    });
    array[length] = GUARD;
    return array;
  });
  const intact = (): boolean => all.every((array) => array[length] === GUARD);
  return { kernels, all, intact };
}

describe.each(LENGTHS)("over %d numbers", (length) => {
  it("adds", () => {
    const { kernels, all, intact } = arrays(2, length);
    const [to, from] = all as [Float32Array, Float32Array];
    const wanted = to.map((value, at) => (at < length ? value + from[at]! : value));
    kernels.add(to.byteOffset, from.byteOffset, length);
    expect(to).toEqual(wanted);
    expect(intact()).toBe(true);
  });

  it("scales", () => {
    const { kernels, all, intact } = arrays(1, length);
    const [to] = all as [Float32Array];
    const factor = Math.fround(0.3);
    const wanted = to.map((value, at) => (at < length ? value * factor : value));
    kernels.scale(to.byteOffset, length, factor);
    expect(to).toEqual(wanted);
    expect(intact()).toBe(true);
  });

  it("sums squares in float64", () => {
    const { kernels, all } = arrays(1, length);
    const [from] = all as [Float32Array];
    const wanted = from.subarray(0, length).reduce((sum, value) => sum + value ** 2, 0);
    const sum = kernels.sumOfSquares(from.byteOffset, length);
    // Squares are exact and positive; each of the sums is off by at most half a unit of the last place.
    expect(Math.abs(sum - wanted)).toBeLessThanOrEqual(length * 2 ** -52 * wanted);
  });

  it("takes a step of AdamW", () => {
    const { kernels, all, intact } = arrays(4, length);
    const [parameter, gradient, first, second] = all as Float32Array[];
    second!.forEach((value, at) => {
      second![at] = Math.abs(value);
    });
    const before = all.map((array) => array.slice(0, length));
    const [keep, rest1, beta2, rest2, root, eps, rate] = [0.99, 0.1, 0.999, 0.001, 0.25, 1e-8, 0.01].map(
      Math.fround,
    ) as [number, number, number, number, number, number, number];
    const addresses = all.map(({ byteOffset }) => byteOffset) as [number, number, number, number];
    kernels.adamw(...addresses, length, keep, rest1, beta2, rest2, root, eps, rate);
    let [worstFirst, worstSecond, worstParameter] = [0, 0, 0];
    for (let at = 0; at < length; at++) {
      const [p, g, m, v] = before.map((array) => array[at]!) as [number, number, number, number];
      const newM = m + (g - m) * rest1;
      const newV = v * beta2 + rest2 * g * g;
      const change = (rate * newM) / (Math.sqrt(newV) / root + eps);
      // In units of the largest term: what the operations on the way can add up to.
      worstFirst = Math.max(worstFirst, Math.abs(first![at]! - newM) / (Math.abs(m) + Math.abs(g)));
      worstSecond = Math.max(worstSecond, Math.abs(second![at]! - newV) / newV);
      const size = Math.abs(p) + (Math.abs(change) * (Math.abs(m) + Math.abs(g))) / Math.abs(newM);
      worstParameter = Math.max(worstParameter, Math.abs(parameter![at]! - (p * keep - change)) / size);
    }
    expect(worstFirst).toBeLessThanOrEqual(3 * HALF_UNIT);
    expect(worstSecond).toBeLessThanOrEqual(4 * HALF_UNIT);
    expect(worstParameter).toBeLessThanOrEqual(10 * HALF_UNIT);
    expect(gradient!.subarray(0, length)).toEqual(before[1]);
    expect(intact()).toBe(true);
  });
});

it("computes the rest with the bits of the fours", () => {
  const { kernels, all } = arrays(4, 7);
  for (const array of all) array.fill(Math.fround(0.7), 0, 7);
  const addresses = all.map(({ byteOffset }) => byteOffset) as [number, number, number, number];
  for (let step = 0; step < 20; step++) {
    kernels.adamw(...addresses, 7, 0.99, 0.1, 0.999, 0.001, 0.25, 1e-8, 0.01);
    kernels.scale(all[1]!.byteOffset, 7, 1.1);
    kernels.add(all[1]!.byteOffset, all[0]!.byteOffset, 7);
  }
  for (const array of all) expect(new Set(array.subarray(0, 7)).size).toBe(1);
});

it("squares what float32 cannot hold, and lets what is not finite show", () => {
  const { kernels, all } = arrays(1, 9);
  all[0]!.fill(1e30);
  expect(kernels.sumOfSquares(0, 9) / (9 * Math.fround(1e30) ** 2)).toBeCloseTo(1, 14);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    for (const at of [0, 3, 8]) {
      all[0]!.fill(1)[at] = value;
      expect(kernels.sumOfSquares(0, 9)).toBe(value);
    }
  }
});

it.each([1, 4, 7, 384])("adds rows of %d numbers to a table in the order given", (width) => {
  const [height, count] = [11, 200];
  const random = createRandom(width);
  const kernels = createKernels(4 * (height * width + count + count * width));
  const table = new Float32Array(kernels.buffer, 0, height * width);
  const ids = new Int32Array(kernels.buffer, 4 * table.length, count);
  const rows = new Float32Array(kernels.buffer, 4 * (table.length + count), count * width);
  ids.forEach((_, at) => {
    ids[at] = Math.floor(height * random());
  });
  // Sizes far apart: another order would give other bits.
  rows.forEach((_, at) => {
    rows[at] = normal(random) * 10 ** (6 * random());
  });
  const wanted = new Float32Array(table.length);
  ids.forEach((id, row) => {
    for (let at = 0; at < width; at++) wanted[id * width + at]! += rows[row * width + at]!;
  });
  kernels.scatterAdd(0, ids.byteOffset, rows.byteOffset, count, width);
  expect(table).toEqual(wanted);
});

describe("philox", () => {
  const draw = (groups: number, counter: readonly number[], key: readonly number[]): Uint32Array => {
    const kernels = createKernels(64 * groups);
    const [c0, c1, c2, c3] = counter as [number, number, number, number];
    const [k0, k1] = key as [number, number];
    kernels.philox(0, groups, c0, c1, c2, c3, k0, k1);
    return new Uint32Array(kernels.buffer, 0, 16 * groups);
  };
  const hex = (values: Uint32Array): string[] =>
    [...values].map((value) => value.toString(16).padStart(8, "0"));

  // Known answers that the authors publish with Random123 (kat_vectors, philox4x32 with 10 rounds). The second and the
  // third counter are the last and the first of their four.
  it("gives the known answers of its authors", () => {
    expect(hex(draw(1, [0, 0, 0, 0], [0, 0]).subarray(0, 4))).toEqual(
      "6627e8d5 e169c58d bc57ac4c 9b00dbd8".split(" "),
    );
    const ones = 0xffffffff;
    expect(hex(draw(1, [ones - 3, ones, ones, ones], [ones, ones]).subarray(12))).toEqual(
      "408f276d 41c83b0e a20bc7c6 6d5451fd".split(" "),
    );
    const pi = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
    expect(hex(draw(1, pi, [0xa4093822, 0x299f31d0]).subarray(0, 4))).toEqual(
      "d16cfe09 94fdcceb 5001e420 24126ea1".split(" "),
    );
  });

  it("counts in 64 bits", () => {
    const across = draw(3, [0xfffffffc, 6, 1, 2], [3, 4]);
    expect(across.subarray(16, 32)).toEqual(draw(1, [0, 7, 1, 2], [3, 4]));
    expect(across.subarray(32)).toEqual(draw(1, [4, 7, 1, 2], [3, 4]));
  });
});

it("reaches the last bytes of 4 GB", () => {
  const kernels = createKernels(2 ** 32);
  const last = new Float32Array(kernels.buffer, 2 ** 32 - 28, 7).fill(3); // untouched pages take no memory
  kernels.add(last.byteOffset, last.byteOffset, 7);
  kernels.scale(last.byteOffset, 7, 0.5);
  expect([...last]).toEqual([3, 3, 3, 3, 3, 3, 3]);
  expect(kernels.sumOfSquares(last.byteOffset, 7)).toBe(63);
  expect(new Float32Array(kernels.buffer, 0, 8)).toEqual(new Float32Array(8));
});
