import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Point, thin } from "#src/report/thin.js";

describe("thin", () => {
  it("leaves few points as they are, in order of x", () => {
    expect(
      thin(
        [
          [2, 5],
          [1, 7],
        ],
        2,
      ),
    ).toEqual([
      { x: 1, y: 7, low: 7, high: 7 },
      { x: 2, y: 5, low: 5, high: 5 },
    ]);
  });

  it("takes means over equal parts of x, and the extremes", () => {
    // Parts of [0, 10]: up to 5, and from 5 on.
    const points: Point[] = [
      [0, 1],
      [2, 6],
      [4, 2],
      [9, -4],
      [10, 8],
    ];
    expect(thin(points, 2)).toEqual([
      { x: 2, y: 3, low: 1, high: 6 },
      { x: 9.5, y: 2, low: -4, high: 8 },
    ]);
  });

  it("keeps points of one x as they are: there is nothing to divide", () => {
    const points: Point[] = [
      [3, 1],
      [3, 2],
      [3, 3],
    ];
    expect(thin(points, 2).map(({ y }) => y)).toEqual([1, 2, 3]);
  });

  it("loses no extreme and stays in order and within the count", () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 2, max: 40 }),
        (points, most) => {
          const buckets = thin(points, most);
          const ys = points.map(([, y]) => y);
          expect(Math.max(...buckets.map(({ high }) => high))).toBe(Math.max(...ys));
          expect(Math.min(...buckets.map(({ low }) => low))).toBe(Math.min(...ys));
          if (new Set(points.map(([x]) => x)).size > 1) expect(buckets.length).toBeLessThanOrEqual(most);
          const xs = buckets.map(({ x }) => x);
          expect(xs).toEqual([...xs].sort((left, right) => left - right));
        },
      ),
    );
  });
});
