import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exactMatch, normalizeAnswer, wordF1 } from "#src/llm/index.js";

interface Golden {
  readonly text: string;
  readonly answer: string;
  readonly normal: string;
  readonly exact: number;
  readonly f1: number;
}

const golden: Golden[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "../golden/answer-match.json"), "utf8"),
);

describe("values of SQuAD's script", () => {
  it.each(golden)("$text / $answer", ({ text, answer, normal, exact, f1 }) => {
    expect(normalizeAnswer(text)).toBe(normal);
    expect(exactMatch(text, answer)).toBe(exact);
    expect(wordF1(text, answer)).toBeCloseTo(f1, 12);
  });
});
