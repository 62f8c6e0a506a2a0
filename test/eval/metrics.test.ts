import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Qrels } from "#src/dataset/index.js";
import { evaluateRun, type MetricName, type Run, rank } from "#src/eval/index.js";

interface Golden {
  readonly qrels: Record<string, Record<string, number>>;
  readonly run: Record<string, Record<string, number>>;
  readonly expected: Record<string, Record<string, number>>;
}

const goldens: Record<string, Golden> = JSON.parse(
  readFileSync(new URL("../golden/metrics.json", import.meta.url), "utf8"),
);

/** Both sides add the same double-precision terms; only the order of additions may differ. */
const tolerance = 1e-12;

const qrelsOf = (golden: Golden): Qrels =>
  new Map(Object.entries(golden.qrels).map(([query, judged]) => [query, new Map(Object.entries(judged))]));

const runOf = (golden: Golden): Run =>
  new Map(
    Object.entries(golden.run).map(([query, found]) => [
      query,
      Object.entries(found).map(([id, score]) => ({ id, score })),
    ]),
  );

function metricNames(golden: Golden): MetricName[] {
  return Object.keys(Object.values(golden.expected)[0] ?? {}) as MetricName[];
}

describe("metrics equal trec_eval", () => {
  it.each(Object.entries(goldens))("%s", (_, golden) => {
    const { mean, perQuery } = evaluateRun(runOf(golden), qrelsOf(golden), metricNames(golden));
    expect([...perQuery.keys()]).toEqual(Object.keys(golden.expected));
    for (const [query, expected] of Object.entries(golden.expected)) {
      for (const [name, value] of Object.entries(expected)) {
        const found = perQuery.get(query)?.[name] ?? Number.NaN;
        expect(Math.abs(found - value), `${query} ${name}: ${found}, trec_eval ${value}`).toBeLessThan(
          tolerance,
        );
      }
    }
    for (const name of metricNames(golden)) {
      const values = Object.values(golden.expected).map((row) => row[name] ?? Number.NaN);
      expect(mean[name]).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 12);
    }
  });
});

const judged: Qrels = new Map([
  ["q", new Map(Object.entries({ a: 3, b: 1, z: 0 }))],
  ["without gold", new Map(Object.entries({ a: 0 }))],
  ["missing", new Map(Object.entries({ b: 1 }))],
]);

describe("evaluateRun", () => {
  it("agrees with arithmetic by hand", () => {
    const run: Run = new Map([
      [
        "q",
        [
          { id: "x", score: 3 },
          { id: "b", score: 2 },
          { id: "a", score: 1 },
        ],
      ],
    ]);
    const { mean, perQuery } = evaluateRun(run, judged);
    // ranking x b a has gains 0 1 3; ideal 3 1: (1/log2(3) + 3/log2(4)) / (3/log2(2) + 1/log2(3))
    const ndcg = (1 / Math.log2(3) + 3 / 2) / (3 + 1 / Math.log2(3));
    expect(perQuery.get("q")?.["nDCG@10"]).toBeCloseTo(ndcg, 12);
    expect(perQuery.get("q")?.["MAP"]).toBeCloseTo((1 / 2 + 2 / 3) / 2, 12);
    // The missing query counts 0, the one without gold does not count.
    expect(perQuery.size).toBe(2);
    expect(mean["MRR@10"]).toBeCloseTo(1 / 4, 12);
  });

  it("gives the ideal ranking 1", () => {
    const run: Run = new Map(
      [...judged].map(([query, gains]) => [query, [...gains].map(([id, score]) => ({ id, score }))]),
    );
    const { mean } = evaluateRun(run, judged, ["nDCG@10", "MAP", "MRR@10", "Recall@10", "Success@1"]);
    expect(Object.values(mean)).toEqual([1, 1, 1, 1, 1]);
  });

  it("leaves its arguments as they were", () => {
    const found = Object.freeze([Object.freeze({ id: "b", score: 1 }), Object.freeze({ id: "a", score: 2 })]);
    expect(rank(found).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(found.map(({ id }) => id)).toEqual(["b", "a"]);
    expect(() => evaluateRun(new Map([["q", found]]), judged)).not.toThrow();
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      "an unknown metric",
      () => evaluateRun(new Map(), judged, ["F1@3" as MetricName]),
      /unknown metric "F1@3"/,
    ],
    ["a cutoff of 0", () => evaluateRun(new Map(), judged, ["nDCG@0"]), /unknown metric "nDCG@0"/],
    [
      "a cutoff for MAP",
      () => evaluateRun(new Map(), judged, ["MAP@3" as MetricName]),
      /unknown metric "MAP@3"/,
    ],
    [
      "NaN",
      () => evaluateRun(new Map([["q", [{ id: "a", score: Number.NaN }]]]), judged),
      /query "q".*"a" is NaN/,
    ],
    [
      "a document ranked twice",
      () =>
        rank(
          [
            { id: "a", score: 1 },
            { id: "a", score: 2 },
          ],
          "q",
        ),
      /query "q": document "a" is ranked twice/,
    ],
    [
      "no gold at all",
      () => evaluateRun(new Map(), new Map([["q", new Map([["a", 0]])]])),
      /no query has gold/,
    ],
  ])("refuses %s", (_, act, message) => {
    expect(act).toThrow(message);
  });
});
