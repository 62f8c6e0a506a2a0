import { expect, it } from "vitest";
import { createRandom, normal, shuffle } from "#src/std/index.js";

it("gives the sequence of the published mulberry32 for a seed", () => {
  // First values of mulberry32(1) as computed with the algorithm in C with 32-bit unsigned arithmetic.
  const random = createRandom(1);
  expect([random(), random(), random()].map((value) => Math.floor(value * 2 ** 32))).toEqual([
    2693262067, 11749833, 2265367787,
  ]);
});

it("shuffles to a permutation that the seed decides", () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  const once = shuffle(items, createRandom(7));
  expect(once).toEqual(shuffle(items, createRandom(7)));
  expect(once).not.toEqual(items);
  expect([...once].sort((a, b) => a - b)).toEqual(items);
});

it("draws normal numbers with mean 0 and variance 1", () => {
  const random = createRandom(3);
  const drawn = Array.from({ length: 20_000 }, () => normal(random));
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  const variance = drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length;
  expect(Math.abs(mean)).toBeLessThan(0.03); // four standard errors: 4 / sqrt(20000)
  expect(Math.abs(variance - 1)).toBeLessThan(0.04);
});
