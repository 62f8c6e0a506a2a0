import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bootstrapInterval, comparePaired, holm } from "#src/eval/index.js";
import { twoSidedT } from "#src/eval/student-t.js";

interface Golden {
  readonly cases: readonly {
    readonly left: readonly number[];
    readonly right: readonly number[];
    readonly t: number;
    readonly randomization: number;
    readonly interval: readonly [number, number];
  }[];
  readonly tails: readonly { readonly t: number; readonly degrees: number; readonly p: number }[];
}

const golden: Golden = JSON.parse(
  readFileSync(new URL("../golden/statistics.json", import.meta.url), "utf8"),
);

const valuesOf = (values: readonly number[]): Map<string, number> =>
  new Map(values.map((value, at) => [`q${at}`, value]));

describe("tails of Student's t equal scipy's", () => {
  it.each(golden.tails)("t $t with $degrees degrees", ({ t, degrees, p }) => {
    expect(Math.abs(twoSidedT(t, degrees) - p)).toBeLessThan(1e-10 * p + 1e-300);
  });

  it("is 1 at 0 and 0 at infinity", () => {
    expect([twoSidedT(0, 3), twoSidedT(Number.POSITIVE_INFINITY, 3)]).toEqual([1, 0]);
  });
});

describe("paired tests agree with scipy", () => {
  it.each(golden.cases)("case %#", ({ left, right, t, randomization, interval }) => {
    const found = comparePaired(valuesOf(left), valuesOf(right));
    expect(found.queries).toBe(left.length);
    expect(found.tP).toBeCloseTo(t, 10);
    // Sampled p-values spread by sqrt(p (1 - p) / 10,000); exact where all flips are counted.
    const spread = 4 * Math.sqrt((randomization * (1 - randomization)) / 10_000) + 2e-4;
    const allowed = left.length <= 12 ? 1e-12 : spread;
    expect(Math.abs(found.randomizationP - randomization)).toBeLessThanOrEqual(allowed);
    const width = interval[1] - interval[0];
    expect(Math.abs(found.interval.low - interval[0])).toBeLessThanOrEqual(0.06 * width);
    expect(Math.abs(found.interval.high - interval[1])).toBeLessThanOrEqual(0.06 * width);
  });
});

describe("comparePaired", () => {
  const left = new Map([
    ["a", 1],
    ["b", 0.5],
    ["c", 0],
    ["only left", 1],
  ]);
  const right = new Map([
    ["b", 0.5],
    ["a", 0],
    ["c", 0.25],
    ["only right", 1],
  ]);

  it("pairs by query and leaves out what one of them lacks", () => {
    const found = comparePaired(left, right);
    expect(found).toMatchObject({ queries: 3, difference: 0.25, wins: 1, ties: 1, losses: 1 });
  });

  it("counts falls as wins where lower is better, and keeps the sign of the difference", () => {
    const found = comparePaired(left, right, { lowerIsBetter: true });
    expect(found).toMatchObject({ difference: 0.25, wins: 1, losses: 1 });
    const worse = comparePaired(new Map([["a", 2]]), new Map([["a", 1]]), { lowerIsBetter: true });
    expect(worse).toMatchObject({ wins: 0, losses: 1, tP: 1, randomizationP: 1 });
  });

  it("is certain of nothing where both agree", () => {
    const same = comparePaired(left, left);
    expect(same).toMatchObject({ randomizationP: 1, tP: 1, ties: 4, interval: { low: 0, high: 0 } });
  });

  it("gives the same for the same seed", () => {
    const { left: one, right: other } = golden.cases.at(-1) ?? { left: [], right: [] };
    const run = (seed: number): unknown => comparePaired(valuesOf(one), valuesOf(other), { seed });
    expect(run(3)).toEqual(run(3));
    expect(run(3)).not.toEqual(run(4));
  });

  it("refuses systems without a common query", () => {
    expect(() => comparePaired(new Map([["a", 1]]), new Map([["b", 1]]))).toThrow(/share no query/);
  });
});

describe("holm", () => {
  it("steps down, never falls and never passes 1 (worked by hand)", () => {
    expect(holm([0.01, 0.04, 0.03, 0.5])).toEqual([0.04, 0.09, 0.09, 0.5]);
    expect(holm([0.9, 0.6])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});

describe("bootstrapInterval", () => {
  it.each([[[]], [[1, Number.NaN]]])("refuses %j", (values) => {
    expect(() => bootstrapInterval(values)).toThrow(/finite numbers/);
  });
});
