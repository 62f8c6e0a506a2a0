/** The gate, on values that can be checked by hand. */

import { describe, expect, it } from "vitest";
import { decide, type Measured, ruleInWords } from "#src/adapt/index.js";

const rule = { margin: 0.01, seed: 1 };

/** `count` queries of 0.5 each; those before `moved` are changed by `by`. */
function measured(name: string, kind: Measured["kind"], count: number, moved: number, by: number): Measured {
  const queries = Array.from({ length: count }, (_, at) => String(at));
  const value = (at: number): number => (at < moved ? 0.5 + by : 0.5);
  return {
    ...{ name, kind },
    before: new Map(queries.map((query) => [query, 0.5])),
    after: new Map(queries.map((query, at) => [query, value(at)])),
  };
}
const quiet = measured("guard", "guard", 40, 0, 0);

describe("accepts", () => {
  it("what wins on a task and leaves the guards alone", () => {
    const { accepted, reasons, metrics } = decide([measured("qa", "task", 10, 10, 0.2), quiet], rule);
    expect(accepted).toBe(true);
    expect(reasons).toEqual([expect.stringContaining("significantly better on qa (0.5000 to 0.7000)")]);
    // All ten flips of a sign: 2 of 1024, twice that by Holm over two.
    expect(metrics["qa"]?.p).toBeCloseTo(2 / 1024, 12);
    expect(metrics["qa"]?.correctedP).toBeCloseTo(4 / 1024, 12);
    expect(metrics["qa"]).toMatchObject({ kind: "task", queries: 10, wins: 10, ties: 0, losses: 0 });
    expect(metrics["qa"]?.difference).toBeCloseTo(0.2, 12);
    expect(metrics["guard"]).toMatchObject({ verdict: "no difference", p: 1, correctedP: 1, ties: 40 });
  });

  it("a fall of the margin, however sure", () => {
    const fallen = measured("guard", "guard", 400, 400, -0.0099);
    const { accepted, metrics } = decide([measured("qa", "task", 20, 20, 0.2), fallen], rule);
    expect(metrics["guard"]?.correctedP).toBeLessThan(0.05);
    expect(metrics["guard"]?.verdict).toBe("no difference");
    expect(accepted).toBe(true);
  });

  it("a guard that is too small to say anything", () => {
    const tiny = measured("guard", "guard", 9, 9, -0.3);
    const { accepted, metrics } = decide([measured("qa", "task", 20, 20, 0.2), tiny], rule);
    expect({ accepted, verdict: metrics["guard"]?.verdict }).toEqual({ accepted: true, verdict: "too few" });
  });
});

describe("refuses", () => {
  it("a gain that chance explains", () => {
    // 4 of 20 queries move, all upwards: 2 flips of 16.
    const { accepted, reasons, metrics } = decide([measured("qa", "task", 20, 4, 0.5), quiet], rule);
    expect(metrics["qa"]?.p).toBeCloseTo(2 / 16, 12);
    expect(accepted).toBe(false);
    expect(reasons).toEqual(["it is significantly better on no task"]);
  });

  it("a gain that many comparisons explain", () => {
    const better = measured("qa", "task", 20, 7, 0.5); // p = 2 / 128 = 0.0156
    const guards = (count: number): Measured[] =>
      Array.from({ length: count }, (_, at) => measured(`g${at}`, "guard", 20, 0, 0));
    expect(decide([better, ...guards(2)], rule).accepted).toBe(true); // 3 · 0.0156
    expect(decide([better, ...guards(3)], rule).accepted).toBe(false); // 4 · 0.0156
  });

  it("a gain on a guard alone", () => {
    const { accepted } = decide(
      [measured("qa", "task", 20, 0, 0), measured("g", "guard", 20, 20, 0.3)],
      rule,
    );
    expect(accepted).toBe(false);
  });

  it("what falls beyond the margin anywhere, even by chance, and names it", () => {
    const fallen = measured("qa", "guard", 40, 1, -0.45); // one query: mean -0.01125, p = 1
    const { accepted, reasons, metrics } = decide([measured("qa", "task", 20, 20, 0.2), fallen], rule);
    expect(metrics["qa (guard)"]).toMatchObject({ verdict: "worse", p: 1 });
    expect(accepted).toBe(false);
    expect(reasons).toEqual([
      expect.stringContaining("worse by more than 0.01 on qa (guard) (0.5000 to 0.4888)"),
    ]);
    expect(decide([measured("qa", "task", 20, 20, 0.2), fallen], { ...rule, margin: 0.02 }).accepted).toBe(
      true,
    );
  });

  it("a task of which too little could be measured", () => {
    const few = measured("icl", "task", 9, 9, 0.4);
    const { accepted, reasons } = decide([measured("qa", "task", 20, 20, 0.2), few, quiet], rule);
    expect(accepted).toBe(false);
    expect(reasons).toEqual([expect.stringContaining("fewer than 10 queries could be measured on icl")]);
  });
});

it("says its rule with its numbers", () => {
  expect(ruleInWords({ margin: 0.02 })).toMatch(/p below 0\.05.*lower by more than 0\.02.*fewer than 10/s);
});
