/** What a report says, on numbers small enough to compute by hand. */

import { describe, expect, it } from "vitest";
import { type PublishedResult, type QueryResult, type StoredRun, summarise } from "#src/eval/index.js";
import { type GivenReceipt, receiptOf, resultOf } from "../../support/benchmark-runs.ts";

/** A run whose queries a, b, c, … have these values of the headline. */
function runOf(values: readonly number[], given: GivenReceipt = {}): StoredRun {
  const { headline = "nDCG@10" } = given;
  return runOver(
    values.map((value, at) => resultOf(String.fromCharCode(97 + at), { [headline]: value })),
    given,
  );
}

function runOver(results: readonly QueryResult[], given: GivenReceipt = {}): StoredRun {
  const { method = "bm25", model = "", llm = "" } = given;
  const name = `${method}-${model}-${llm}-${JSON.stringify(given.config)}`;
  return { name, path: `/${name}.json`, receipt: receiptOf(results, given), results };
}

const dense = (model: string): GivenReceipt => ({ method: "dense", model, fingerprint: `of-${model}` });
const perplexity: GivenReceipt = {
  benchmark: "lrlm",
  llm: "big",
  headline: "perplexity",
  lowerIsBetter: true,
};

describe("summarise", () => {
  it("compares two systems query by query", () => {
    const { retrieval, languageModels, notices } = summarise([
      runOf([0, 1, 0.5, 0.5]),
      runOf([1, 1, 0.5, 0], dense("mini")),
    ]);
    expect(retrieval.benchmarks[0]?.systems).toMatchObject([
      { system: "bm25", value: 0.5, queries: 4, llm: null },
      { system: "dense · mini", value: 0.625, queries: 4 },
    ]);
    // Differences 1, 0, 0, -0.5. Flipped in all four ways their sum is never nearer to 0 than it is: p is 1.
    expect(retrieval.comparisons).toHaveLength(1);
    expect(retrieval.comparisons[0]).toMatchObject({
      ...{ left: "dense · mini", right: "bm25", difference: 0.125, randomizationP: 1, holmP: 1 },
      ...{ wins: 1, ties: 2, losses: 1, queries: 4, unit: "nDCG@10", verdict: "unclear" },
    });
    // t = 0.125 / (sqrt(0.3958333) / 2) = 0.39736 with 3 degrees of freedom.
    expect(retrieval.comparisons[0]?.tP).toBeCloseTo(0.7177, 3);
    expect([languageModels.benchmarks, notices]).toEqual([[], []]);
  });

  it("corrects for all comparisons of the report", () => {
    const low = Array.from({ length: 8 }, () => 0.25);
    const high = low.map((value) => value + 0.5);
    const { retrieval } = summarise([runOf(low), runOf(high, dense("a")), runOf(low, dense("b"))]);
    // Of 256 flips only the two that keep all signs alike reach the sum: p = 1/128.
    const row = { randomizationP: 1 / 128, interval: { low: 0.5, high: 0.5 } };
    expect(retrieval.comparisons).toMatchObject([
      { ...row, left: "dense · a", right: "bm25", holmP: 3 / 128, verdict: "better", wins: 8 },
      { left: "dense · b", right: "bm25", holmP: 1, verdict: "unclear", ties: 8 },
      {
        ...{ left: "dense · b", right: "dense · a", randomizationP: 1 / 128, holmP: 3 / 128 },
        ...{ verdict: "worse", losses: 8 },
      },
    ]);
  });

  it("gives the interval of a mean", () => {
    // 400 queries, half of them 1: the standard error is 0.5 / 20, the interval 0.5 ± 1.96 / 40.
    const results = Array.from({ length: 400 }, (_, at) => resultOf(`q${at}`, { "nDCG@10": at % 2 }));
    const [row] = summarise([runOver(results)]).retrieval.benchmarks[0]?.systems ?? [];
    expect(row?.interval?.low).toBeCloseTo(0.451, 2);
    expect(row?.interval?.high).toBeCloseTo(0.549, 2);
  });

  it("takes logarithms where the headline is a perplexity, and the lower for the better", () => {
    const values = [10, 20, 40, 20, 10, 20, 40, 20];
    // exp of the mean of logarithms: 20 times the 8th root of 1/2 · 2 · 1/2 · 2.
    const given = { ...perplexity, metrics: { perplexity: 20 } };
    const half = { ...perplexity, ...dense("mini"), metrics: { perplexity: 10 } };
    const { languageModels, notices } = summarise([
      runOf(values, given),
      runOf(
        values.map((value) => value / 2),
        half,
      ),
    ]);
    expect(notices).toEqual([]);
    const [comparison] = languageModels.comparisons;
    expect(comparison).toMatchObject({ unit: "log perplexity", wins: 8, verdict: "better" });
    expect(comparison?.difference).toBeCloseTo(Math.log(0.5), 12);
    const [row] = languageModels.benchmarks[0]?.systems ?? [];
    expect(row?.value).toBe(20);
    expect(row?.interval?.low).toBeGreaterThan(10);
    expect(row?.interval?.low).toBeLessThan(20);
    expect(row?.interval?.high).toBeLessThan(40);
  });

  it("takes a perplexity from the likelihoods of its queries", () => {
    const results = [1, 3].map((nll, at) => resultOf(`q${at}`, { nll }));
    const { languageModels, notices } = summarise([
      runOver(results, { ...perplexity, metrics: { perplexity: Math.exp(2) } }),
    ]);
    expect(notices).toEqual([]);
    const { interval } = languageModels.benchmarks[0]?.systems[0] ?? {};
    expect(interval?.low).toBeCloseTo(Math.exp(1), 6);
    expect(interval?.high).toBeCloseTo(Math.exp(3), 6);
  });

  it("lets each group count the same where the headline is a mean over groups", () => {
    const inGroups = (values: readonly number[]): QueryResult[] =>
      values.map((accuracy, at) => resultOf(`q${at}`, { accuracy }, { group: at === 0 ? "a" : "b" }));
    const given = { headline: "accuracy", benchmark: "mmlu", llm: "big" };
    const { languageModels, notices } = summarise([
      runOver(inGroups([0, 0, 0, 0]), { ...given, metrics: { accuracy: 0 } }),
      // (1 + 0.1) / 2
      runOver(inGroups([1, 0, 0, 0.3]), { ...given, ...dense("mini"), metrics: { accuracy: 0.55 } }),
    ]);
    expect(notices).toEqual([]);
    expect(languageModels.comparisons[0]?.difference).toBeCloseTo(0.55, 12);
    expect(languageModels.comparisons[0]).toMatchObject({ wins: 2, ties: 2, losses: 0 });
    // Only the three queries of b vary: half their mean is between 0 and 0.15.
    const { interval } = languageModels.benchmarks[0]?.systems[1] ?? {};
    expect(interval?.low).toBeGreaterThan(0.4);
    expect(interval?.low).toBeLessThan(0.55);
    expect(interval?.high).toBeLessThan(0.75);
  });

  it("tells when a headline is not the mean of its queries", () => {
    const { notices } = summarise([runOf([0, 1], { metrics: { "nDCG@10": 0.9 } })]);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain("nDCG@10 of 0.9 is not the mean");
  });

  it("takes as baseline the first of none, random, recency, bm25; oracle comes last", () => {
    const methods = ["oracle", "hybrid", "bm25", "recency", "random", "none"] as const;
    const { retrieval } = summarise(methods.map((method) => runOf([0, 1], { method })));
    const order = ["none", "random", "recency", "bm25", "hybrid", "oracle"];
    expect(retrieval.benchmarks[0]?.systems.map(({ system }) => system)).toEqual(order);
    expect(retrieval.comparisons.map(({ left, right }) => [left, right])).toEqual(
      order.slice(1).map((method) => [method, "none"]),
    );
  });

  it("compares encoders used in the same way only", () => {
    const hybrid = { method: "hybrid" as const, model: "a", fingerprint: "of-a" };
    const runs = [{}, dense("a"), dense("b"), hybrid].map((given) => runOf([0, 1], given));
    const pairs = summarise(runs).retrieval.comparisons.map(({ left, right }) => `${left} / ${right}`);
    expect(pairs).toEqual([
      "dense · a / bm25",
      "dense · b / bm25",
      "dense · b / dense · a",
      "hybrid · a / bm25",
    ]);
  });

  it("names what runs of one system differ in, compares equals, and draws perplexity against context", () => {
    const runs = [64, 128].flatMap((window) => [
      runOf([8, 8], { ...perplexity, method: "none", config: { window, k: 8 } }),
      runOf([window / 16, window / 16], { ...perplexity, ...dense("mini"), config: { window, k: 8 } }),
    ]);
    const { benchmarks, comparisons, contexts, matrix } = summarise(runs).languageModels;
    const labels = ["none · window 64", "none · window 128", "dense · mini · window 64"];
    expect(benchmarks[0]?.systems.map(({ system }) => system)).toEqual([
      ...labels,
      "dense · mini · window 128",
    ]);
    expect(comparisons.map(({ left, right }) => [left, right])).toEqual([
      ["dense · mini · window 64", "none · window 64"],
      ["dense · mini · window 128", "none · window 128"],
    ]);
    expect(contexts).toHaveLength(1);
    expect(contexts[0]).toMatchObject({ title: "lrlm: set (test)", metric: "perplexity" });
    expect(contexts[0]?.series.map(({ name }) => name)).toEqual(["big · none", "big · dense · mini"]);
    const [, [, second] = []] = contexts[0]?.series.map(({ points }) => points) ?? [];
    expect(second?.[0]).toBe(128);
    expect(second?.[1]).toBeCloseTo(8, 9);
    expect(matrix.rows).toContain("big · none · window 64");
  });

  it("keeps language models apart from retrieval and from each other; the tiny are not judged", () => {
    const low = Array.from({ length: 8 }, () => 0.25);
    const high = low.map(() => 0.75);
    const runs = ["big", "tiny"].flatMap((llm) => [
      runOf(low, { method: "none", llm, benchmark: "icl" }),
      runOf(high, { llm, benchmark: "icl" }),
    ]);
    const data = summarise([...runs, runOf(low)], { tinyModels: ["tiny", "not run"] });
    expect(data.tinyModels).toEqual(["tiny"]);
    expect(data.retrieval.benchmarks.map(({ title }) => title)).toEqual(["retrieval: set (test)"]);
    expect(data.languageModels.benchmarks.map(({ title }) => title)).toEqual(["icl: set (test)"]);
    expect(data.languageModels.comparisons.map(({ llm, verdict }) => [llm, verdict])).toEqual([
      ["big", "better"],
      ["tiny", "not judged"],
    ]);
    expect(data.languageModels.matrix).toMatchObject({
      rows: ["big · none", "big · bm25", "tiny · none", "tiny · bm25"],
      values: [[0.25], [0.75], [0.25], [0.75]],
    });
  });

  it("leaves cells without a run empty", () => {
    const other = { data: { name: "other" } };
    const { matrix } = summarise([runOf([0, 1]), runOf([1, 1], { ...other, ...dense("mini") })]).retrieval;
    expect(matrix.columns.map(({ name }) => name)).toEqual([
      "retrieval: set (test)",
      "retrieval: other (test)",
    ]);
    expect(matrix.values).toEqual([
      [0.5, null],
      [null, 1],
    ]);
  });

  it("does not compare on data of one name and other contents, and says so", () => {
    const changed = { ...dense("mini"), data: { sha256: "b".repeat(64) } };
    const { retrieval, notices } = summarise([runOf([0, 1]), runOf([1, 1], changed)]);
    expect(retrieval.comparisons).toEqual([]);
    expect(retrieval.benchmarks.map(({ title }) => title)).toEqual([
      "retrieval: set (test), data aaaaaaaa",
      "retrieval: set (test), data bbbbbbbb",
    ]);
    expect(notices[0]).toContain("2 different contents");
  });

  it("puts published numbers beside their benchmark, headline and kind of run", () => {
    const result: PublishedResult = {
      ...{
        benchmark: "icl",
        method: "BGE",
        llm: "Llama-2-7B",
        metric: "Accuracy",
        value: 0.5974,
        source: "T2",
      },
    };
    const others = [
      { ...result, benchmark: "mmlu" },
      { ...result, metric: "F1" },
      { ...result, llm: null },
    ];
    const run = runOf([0, 1], { benchmark: "icl", llm: "big", headline: "accuracy" });
    const { languageModels } = summarise([run], { published: [result, ...others] });
    expect(languageModels.benchmarks[0]?.published).toEqual([result]);
  });

  it("lists the worst queries, among equals those that the others do best, and none that is perfect", () => {
    const results = [1, 0, 0, 0.5].map((value, at) =>
      resultOf(
        "abcd"[at] ?? "",
        { "nDCG@10": value },
        { retrieved: [{ id: `d${at}`, score: 1, text: "x" }], gold: ["d1"], output: "out" },
      ),
    );
    const { failures } = summarise([runOf([0.5, 0.1, 0.7, 1]), runOver(results, dense("mini"))]).retrieval;
    const [bm25, mini] = failures;
    expect(bm25?.queries.map(({ id, value }) => [id, value])).toEqual([
      ["b", 0.1],
      ["a", 0.5],
      ["c", 0.7],
    ]);
    expect(mini?.queries.map(({ id, others }) => [id, others])).toEqual([
      ["c", 0.7],
      ["b", 0.1],
      ["d", 1],
    ]);
    expect(mini?.queries[1]).toEqual({
      ...{ id: "b", query: "question b", value: 0, others: 0.1, gold: ["d1"], output: "out" },
      retrieved: [{ id: "d1", text: "x", isGold: true }],
    });
    expect(mini?.queries[0]?.retrieved[0]?.isGold).toBe(false);
  });

  it("lists ten failures, of perplexity the highest", () => {
    const values = Array.from({ length: 14 }, (_, at) => at + 1);
    const { failures } = summarise([runOf(values, perplexity)]).languageModels;
    expect(failures[0]?.queries).toHaveLength(10);
    expect(failures[0]?.queries[0]?.id).toBe("n");
    expect(failures[0]?.queries[0]?.value).toBeCloseTo(14, 9);
  });

  it("has no interval and no comparison of a run without queries", () => {
    const { retrieval } = summarise([runOf([0, 1]), runOf([], dense("mini"))]);
    expect(retrieval.benchmarks[0]?.systems[1]).toMatchObject({ queries: 0, interval: null });
    expect(retrieval.comparisons).toEqual([]);
    expect(retrieval.benchmarks[0]?.systems[0]?.interval).not.toBeNull();
  });

  it("is the same for the same runs and seed, and differs with the seed", () => {
    const values = Array.from({ length: 20 }, (_, at) => Math.sin(at) ** 2);
    const runs = [runOf(values), runOf([...values].reverse(), dense("mini"))];
    expect(summarise(runs, { seed: 1 })).toEqual(summarise(runs, { seed: 1 }));
    const intervals = [1, 2].map((seed) => summarise(runs, { seed }).retrieval.comparisons[0]?.interval);
    expect(intervals[0]).not.toEqual(intervals[1]);
  });

  it("refuses no runs", () => {
    expect(() => summarise([])).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});
