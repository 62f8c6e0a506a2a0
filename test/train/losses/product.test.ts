import * as fc from "fast-check";
import { expect, it } from "vitest";
import { multiply, transposed, viewOf } from "#src/train/losses/product.js";

const sizes = fc.record({
  rows: fc.integer({ min: 0, max: 9 }),
  inner: fc.integer({ min: 0, max: 9 }),
  columns: fc.integer({ min: 0, max: 9 }),
  seed: fc.integer({ min: 1, max: 1000 }),
});

it("is the triple loop, bit for bit, for any sizes and for transposed views", () => {
  fc.assert(
    fc.property(sizes, ({ rows, inner, columns, seed }) => {
      const left = Float64Array.from({ length: rows * inner }, (_, at) => Math.sin(seed * (at + 1)));
      const right = Float32Array.from({ length: inner * columns }, (_, at) => Math.cos(seed * (at + 1)));
      const want = new Float64Array(rows * columns);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          for (let p = 0; p < inner; p++)
            want[i * columns + j]! += left[i * inner + p]! * right[p * columns + j]!;
        }
      }
      const [l, r] = [viewOf(left, rows, inner), viewOf(right, inner, columns)];
      expect(multiply(l, r)).toEqual(want);
      const other = multiply(transposed(r), transposed(l)); // (l r)ᵀ = rᵀ lᵀ
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) expect(other[j * rows + i]).toBe(want[i * columns + j]);
      }
    }),
  );
});
