import { describe, expect, it } from "vitest";
import { fillDropoutMask } from "#src/train/dropout.js";

/** Philox4x32-10 from its paper, in integers without a bound; `kernels.test.ts` has the known answers. */
function philox(counter: bigint, stream: bigint, seed: bigint): bigint[] {
  const word = (value: bigint, at: number): bigint => (value >> BigInt(32 * at)) & 0xffffffffn;
  let [c0, c1, c2, c3] = [word(counter, 0), word(counter, 1), word(stream, 0), word(stream, 1)];
  for (let round = 0n; round < 10n; round++) {
    const key0 = (word(seed, 0) + round * 0x9e3779b9n) & 0xffffffffn;
    const key1 = (word(seed, 1) + round * 0xbb67ae85n) & 0xffffffffn;
    const [a, b] = [c0 * 0xd2511f53n, c2 * 0xcd9e8d57n];
    [c0, c1, c2, c3] = [word(b, 1) ^ c1 ^ key0, word(b, 0), word(a, 1) ^ c3 ^ key1, word(a, 0)];
  }
  return [c0, c1, c2, c3];
}

function reference(at: number, rate: number, seed: number, stream: number): number {
  const words = philox(BigInt(Math.floor(at / 8)), BigInt(stream), BigInt(seed));
  const half = Number((words[Math.floor((at % 8) / 2)]! >> BigInt(16 * (at % 2))) & 0xffffn);
  return half < Math.round(rate * 65_536) ? 0 : Math.fround(1 / (1 - rate));
}

function mask(length: number, rate: number, seed: number, stream: number, offset = 0): Float32Array {
  const target = new Float32Array(length).fill(7);
  fillDropoutMask(target, { rate, seed, stream, offset });
  return target;
}

it.each([
  [100, 0.1, 0, 0, 0],
  [77, 0.5, 1, 2, 3],
  [33, 0.3, 2 ** 40 + 5, 2 ** 35 + 9, 31],
  [70, 0.1, 42, 7, 2 ** 35 - 40], // its counters pass 2^32
  [50, 0.9, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 60],
  [1, 0.25, 3, 4, 12_345_678],
  [0, 0.25, 3, 4, 5],
])(
  "is %d numbers of the reference: rate %d, seed %d, stream %d, from %d",
  (length, rate, seed, stream, offset) => {
    const wanted = Array.from({ length }, (_, at) => reference(offset + at, rate, seed, stream));
    expect(Array.from(mask(length, rate, seed, stream, offset))).toEqual(wanted);
  },
);

it("is the same whether drawn at once or in pieces", () => {
  const whole = mask(200_000, 0.1, 5, 6);
  for (const [from, to] of [
    [0, 65_536],
    [65_530, 65_540],
    [1, 199_999],
    [131_071, 200_000],
  ] as const) {
    const piece = mask(to - from, 0.1, 5, 6, from);
    expect(piece.every((value, at) => value === whole[from + at])).toBe(true);
  }
});

describe("statistics", () => {
  const N = 1_000_000;
  /** Standard deviations from what independent draws give on average. */
  const deviations = (found: number, mean: number, variance: number): number =>
    Math.abs(found - mean) / Math.sqrt(variance);

  it.each([0.01, 0.1, 0.5, 0.9])("drops at rate %d", (rate) => {
    const values = mask(N, rate, 1, 1);
    const dropped = values.filter((value) => value === 0).length;
    expect(deviations(dropped, N * rate, N * rate * (1 - rate))).toBeLessThan(4);
    expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
  });

  it("keeps everything at rate 0", () => {
    expect(new Set(mask(1000, 0, 1, 1))).toEqual(new Set([1]));
  });

  it.each([
    ["streams", mask(N, 0.1, 1, 2), mask(N, 0.1, 1, 3)],
    ["seeds", mask(N, 0.1, 1, 2), mask(N, 0.1, 2, 2)],
    ["neighbours", mask(N, 0.1, 1, 2), mask(N, 0.1, 1, 2, 1)],
    ["halves of a word away", mask(N, 0.1, 1, 2), mask(N, 0.1, 1, 2, 2)],
    ["counters", mask(N, 0.1, 1, 2), mask(N, 0.1, 1, 2, 8)],
    ["seed and stream exchanged", mask(N, 0.1, 1, 2), mask(N, 0.1, 2, 1)],
  ])("drops independently: %s", (_, left, right) => {
    const both = left.filter((value, at) => value === 0 && right[at] === 0).length;
    expect(deviations(both, N * 0.01, N * 0.01 * 0.99)).toBeLessThan(4);
  });
});

it.each([
  [{ rate: 1 }, "rate 1; wanted one from 0 to below 1"],
  [{ rate: -0.1 }, "rate -0.1"],
  [{ rate: Number.NaN }, "rate NaN"],
  [{ seed: -1 }, "seed is -1; wanted an integer from 0"],
  [{ stream: 0.5 }, "stream is 0.5"],
  [{ offset: Number.MAX_SAFE_INTEGER }, "the end of the mask is"],
])("refuses %j", (wrong, message) => {
  const fill = (): void => fillDropoutMask(new Float32Array(1), { rate: 0.1, seed: 1, stream: 1, ...wrong });
  expect(fill).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  expect(fill).toThrow(message);
});
