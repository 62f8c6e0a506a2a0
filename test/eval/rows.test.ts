import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { evaluateRows } from "#src/eval/index.js";
import { keywordEncoder } from "../support/keyword-encoder.ts";

const folder = mkdtempSync(join(tmpdir(), "rows-"));
afterAll(() => rmSync(folder, { recursive: true }));

function rowFile(name: string, rows: readonly unknown[]): string {
  const file = join(folder, name);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return file;
}

/** Similarity is words in common over the root of the product of lengths. */
const encoder = keywordEncoder({ dimensions: 4096 });
const rows = [
  // .82 red fox jumps, .71 fox: the gold is second.
  { task: "qa", query: "red fox", pos: ["fox"], neg: ["red fox jumps", "cow"] },
  // 1 green tree, .82 green tree moss, .41 tree leaf moss: gold are the first and the third.
  { task: "qa", query: "green tree", pos: ["green tree", "tree leaf moss"], neg: ["green tree moss"] },
  // No labels: the teacher's best is gold, and is found first.
  { task: "qa", query: "salt sea", history: ["sea", "salt sea", "wind"], teacher_scores: [-3, -1, -2] },
];

it("ranks the candidates of each row: means that can be done by hand", async () => {
  const file = rowFile("held.jsonl", rows);
  const { metrics, queries, corpus, perQuery } = await evaluateRows({ file, encoder });
  expect({ queries, corpus }).toEqual({ queries: 3, corpus: 9 });
  const second = 1 / Math.log2(3);
  expect([...perQuery.keys()]).toEqual(["0", "1", "2"]);
  expect(perQuery.get("0")?.["nDCG@10"]).toBeCloseTo(second, 10);
  expect(perQuery.get("2")?.["nDCG@10"]).toBe(1);
  expect(metrics["nDCG@10"]).toBeCloseTo((second + 1.5 / (1 + second) + 1) / 3, 5);
  expect(metrics["MRR@10"]).toBeCloseTo((1 / 2 + 1 + 1) / 3, 5);
  expect(metrics["Recall@1"]).toBeCloseTo((0 + 1 / 2 + 1) / 3, 5);
  expect(metrics["Recall@5"]).toBe(1);
});

it("gives a tie to the wrong candidate, and counts a text that comes twice once", async () => {
  const tied = [{ task: "qa", query: "moon", pos: ["sun", "sun"], neg: ["star", "star", "sun"] }];
  const { metrics, corpus } = await evaluateRows({ file: rowFile("tied.jsonl", tied), encoder });
  expect(corpus).toBe(2);
  expect(metrics).toMatchObject({ "Recall@1": 0, "MRR@10": 0.5, "Recall@5": 1 });
});

it("asks the task's instructions, and at most so many rows, evenly spaced", async () => {
  const asked: string[] = [];
  const spy = keywordEncoder({ onEncode: (side, texts) => void asked.push(`${side} ${texts}`) });
  const many = Array.from({ length: 10 }, (_, at) => ({
    task: "tool",
    query: `q${at}`,
    pos: [`p${at}`],
    neg: ["n"],
  }));
  const file = rowFile("many.jsonl", many);
  expect(await evaluateRows({ file, encoder: spy, maxQueries: 2 })).toMatchObject({ queries: 2 });
  expect(asked).toEqual(["query q0,q5", "document p0,n,p5"]);
  await expect(evaluateRows({ file, encoder: spy, task: "own" })).rejects.toThrow("no task own");
});

it("refuses rows of positives alone: every ranking of them is right", async () => {
  const file = rowFile("positives.jsonl", [{ task: "qa", query: "a", pos: ["b"], neg: [] }]);
  await expect(evaluateRows({ file, encoder })).rejects.toMatchObject({
    code: "invalid_data",
    message: expect.stringContaining("add negatives"),
  });
});
