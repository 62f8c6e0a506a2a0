import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bm25Index, createBm25 } from "#src/retrieve/index.js";

interface Golden {
  readonly corpus: Readonly<Record<string, string>>;
  readonly cases: readonly { k1: number; b: number; query: string; hits: readonly [string, number][] }[];
}
const golden: Golden = JSON.parse(readFileSync(join(import.meta.dirname, "../golden/bm25.json"), "utf8"));

function indexOf(documents: Iterable<readonly [string, string]>, options = {}): Bm25Index {
  const index = createBm25(options);
  for (const [id, text] of documents) index.add(id, text);
  return index;
}

function search(index: Bm25Index, text: string, count = 100) {
  return index.score([{ text, weight: 1 }]).top(count);
}

describe("BM25", () => {
  it.each(golden.cases)("scores as the textbook: $query, k1 $k1, b $b", ({ query, hits, ...options }) => {
    const found = search(indexOf(Object.entries(golden.corpus), options), query);
    expect(found.map(({ id }) => id)).toEqual(hits.map(([id]) => id));
    for (const [at, { score }] of found.entries()) expect(score).toBeCloseTo(hits[at]?.[1] ?? 0, 12);
  });

  type Step = { add: string; text: string } | { remove: string } | { snapshot: true };

  const apply = (step: Step, index: Bm25Index, model: Map<string, string>): Bm25Index => {
    if ("snapshot" in step) return createBm25({}, index.snapshot());
    if ("remove" in step) {
      expect(index.remove(step.remove)).toBe(model.delete(step.remove));
    } else {
      index.add(step.add, step.text);
      model.set(step.add, step.text);
    }
    return index;
  };

  it("is the same after any additions, replacements, removals and a snapshot as built anew", () => {
    const id = fc.constantFrom("a", "b", "c", "d", "e");
    const text = fc
      .array(fc.constantFrom("x", "y", "z", "w", "x x"), { maxLength: 6 })
      .map((words) => words.join(" "));
    const step = fc.oneof(
      fc.record({ add: id, text }),
      fc.record({ remove: id }),
      fc.record({ snapshot: fc.constant(true as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const model = new Map<string, string>();
        let index = createBm25();
        for (const step of steps) index = apply(step, index, model);
        const fresh = indexOf(model);
        expect(index.size).toBe(model.size);
        for (const query of ["x", "y z", "x y z w v"]) {
          const [got, wanted] = [search(index, query), search(fresh, query)];
          expect(got.map(({ id }) => id)).toEqual(wanted.map(({ id }) => id));
          for (const [at, { score }] of got.entries()) expect(score).toBeCloseTo(wanted[at]?.score ?? 0, 12);
          const ceiling = (from: Bm25Index) => from.score([{ text: query, weight: 1 }]).ceiling;
          expect(ceiling(index)).toBeCloseTo(ceiling(fresh), 12);
        }
      }),
    );
  });

  it("packs thousands of additions without losing one", () => {
    const index = createBm25();
    for (let n = 0; n < 5000; n++)
      index.add(`d${n}`, `${n} ${Array.from({ length: 20 }, (_, k) => `t${(n * k) % 997}`).join(" ")}`);
    for (let n = 0; n < 5000; n += 3) index.remove(`d${n}`);
    expect(index.size).toBe(3333);
    for (const n of [1, 2, 2500, 4999]) expect(search(index, `${n}`, 1)[0]?.id).toBe(`d${n}`);
    expect(search(index, "3")).toEqual([]);
    expect(index.snapshot().ids).toHaveLength(3333);
  });

  it("adds weighted texts up, a repeat within one counting once", () => {
    const index = indexOf(Object.entries(golden.corpus));
    const of = (...query: [string, number][]) =>
      index.score(query.map(([text, weight]) => ({ text, weight }))).of("f");
    expect(of(["water", 2])).toBeCloseTo(2 * of(["water", 1]), 12);
    expect(of(["water water", 1])).toBe(of(["water", 1]));
    expect(of(["water", 1], ["water light", 0.5])).toBeCloseTo(
      1.5 * of(["water", 1]) + 0.5 * of(["light", 1]),
      12,
    );
  });

  it("bounds every score by the ceiling, which absent terms raise", () => {
    const index = indexOf(Object.entries(golden.corpus));
    const scores = index.score([{ text: "light", weight: 1 }]);
    expect(scores.of("g")).toBeGreaterThan(0.5 * scores.ceiling);
    expect(scores.of("g")).toBeLessThan(scores.ceiling);
    expect(index.score([{ text: "light unicorn", weight: 1 }]).ceiling).toBeGreaterThan(2 * scores.ceiling);
  });

  it("keeps to a predicate, breaks ties by id, cuts at count", () => {
    const index = indexOf(["c", "b", "a", "d"].map((id) => [id, "same words"] as const));
    const scores = index.score([{ text: "same", weight: 1 }]);
    expect(scores.top(2).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(scores.top(2, (id) => id > "b").map(({ id }) => id)).toEqual(["c", "d"]);
    expect(scores.of("nobody")).toBe(0);
  });
});
