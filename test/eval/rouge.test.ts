import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { rougeL, rougeScoreL } from "#src/eval/index.js";

interface Case {
  readonly written: string;
  readonly wanted: string;
  readonly rouge: number | null;
  readonly rouge_score: number;
}

const { cases }: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL("../golden/rouge.json", import.meta.url), "utf8"),
);

describe("ROUGE-L", () => {
  it.each(cases.filter(({ rouge }) => rouge !== null))("equals rouge: $written | $wanted", (one) => {
    expect(rougeL(one.written, one.wanted)).toBeCloseTo(one.rouge ?? Number.NaN, 10);
  });

  it.each(cases)("equals rouge-score: $written | $wanted", (one) => {
    expect(rougeScoreL(one.written, one.wanted)).toBeCloseTo(one.rouge_score, 10);
  });

  it("has values of both kinds in its oracle", () => {
    expect(cases.filter(({ rouge, rouge_score }) => rouge !== rouge_score).length).toBeGreaterThan(10);
  });
});
