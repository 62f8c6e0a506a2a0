import { describe, expect, it } from "vitest";
import { benchmarks, published } from "#src/eval/index.js";

const find = (method: string, benchmark: string, metric: string, more: object = {}): (number | undefined)[] =>
  published
    .filter((one) => one.method === method && one.benchmark === benchmark && one.metric === metric)
    .filter((one) =>
      Object.entries(more).every(([key, value]) =>
        Object.entries(one).some(([name, own]) => name === key && own === value),
      ),
    )
    .map(({ value }) => value);

describe("published results", () => {
  it("are those of the tables", () => {
    const llm = "Llama-2-7B-chat";
    expect(find("LLM-Embedder", "mmlu", "accuracy", { llm })).toEqual([0.4903]);
    expect(find("LLM-Embedder", "popqa", "accuracy", { llm })).toEqual([0.5052]);
    expect(find("none", "popqa", "accuracy", { llm: "Llama-2-13B-chat" })).toEqual([0.2886]);
    expect(find("BM25", "icl", "Reading")).toEqual([0.5396]);
    expect(find("recency", "lrlm", "perplexity", { group: "codeparrot" })).toEqual([2.5989]);
    expect(find("Conv-ANCE", "convsearch", "nDCG@3")).toEqual([0.456]);
    expect(find("LLM-Embedder with plain distillation", "tool", "nDCG@5")).toEqual([0.7905]);
    expect(find("recency", "tool", "nDCG@5")).toEqual([]);
  });

  it("are complete: 10 x 6, 10 x 10, 12 x 7 less 10 absent, 4 x 7 and 4 models x 3 x 5", () => {
    const tables = new Map<string, number>();
    for (const { source } of published) tables.set(source, (tables.get(source) ?? 0) + 1);
    expect([...tables.values()]).toEqual([60, 100, 84 - 10, 28, 60]);
  });

  it("name benchmarks that can be run", () => {
    const known = new Set(benchmarks.map(({ name }) => name));
    expect(published.filter(({ benchmark }) => !known.has(benchmark))).toEqual([]);
    expect(published.every(({ value }) => Number.isFinite(value))).toBe(true);
  });
});
