import { expect, it } from "vitest";
import { createRandom, normal } from "#src/std/index.js";
import { createVectorBlock, QUERIES_A_PASS } from "#src/store/kernel.js";

const EPSILON = 2 ** -23;

it.each([1, 3, 15, 16, 17, 63, 64, 65, 384])(
  "gives the inner products of vectors of length %d",
  (dimensions) => {
    const random = createRandom(dimensions);
    const vectors = Array.from({ length: 40 }, () =>
      Float32Array.from({ length: dimensions }, () => normal(random)),
    );
    const block = createVectorBlock(vectors.length, dimensions);
    vectors.forEach((vector, row) => {
      block.set(row, vector);
    });
    const [query] = vectors;
    const scores = block.scores([query!], 39);
    expect(scores.length).toBe(39);
    scores.forEach((score, row) => {
      const products = Array.from(vectors[row]!, (value, at) => value * query![at]!);
      const size = products.reduce((sum, value) => sum + Math.abs(value), 0);
      // Each of the d roundings is off by at most half an epsilon of the sum so far, which is at most `size`.
      expect(Math.abs(score - products.reduce((sum, value) => sum + value, 0))).toBeLessThanOrEqual(
        dimensions * EPSILON * size,
      );
    });
    expect(block.get(7)).toEqual(vectors[7]);
  },
);

it("scores equal vectors equally, wherever they lie", () => {
  const random = createRandom(1);
  const vector = Float32Array.from({ length: 100 }, () => normal(random));
  const block = createVectorBlock(50, 100);
  for (let row = 0; row < 50; row++) block.set(row, vector);
  expect(new Set(block.scores([vector], 50)).size).toBe(1);
  expect(block.scores([vector], 0).length).toBe(0);
});

it.each([16, 100, 384])(
  "scores a query alike, to the bit, alone and beside others, at length %d",
  (dimensions) => {
    const random = createRandom(dimensions);
    const draw = (): Float32Array => Float32Array.from({ length: dimensions }, () => normal(random));
    const block = createVectorBlock(30, dimensions);
    for (let row = 0; row < 30; row++) block.set(row, draw());
    const queries = Array.from({ length: QUERIES_A_PASS }, draw);
    const alone = queries.map((query) => [...block.scores([query], 30)]);
    for (let width = QUERIES_A_PASS; width > 0; width--) {
      const together = block.scores(queries.slice(0, width), 30);
      for (let query = 0; query < width; query++) {
        expect(alone[query]).toEqual(Array.from({ length: 30 }, (_, row) => together[row * width + query]));
      }
    }
  },
);
