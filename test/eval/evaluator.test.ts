import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openEvaluator } from "#src/eval/index.js";
import { keywordEncoder } from "../support/keyword-encoder.ts";

const folder = mkdtempSync(join(tmpdir(), "evaluator-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (...parts: string[]): string => join(folder, ...parts);
const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

const encoder = keywordEncoder({ dimensions: 4096 });
const second = 1 / Math.log2(3);

beforeAll(() => {
  mkdirSync(path("birds/qrels"), { recursive: true });
  writeFileSync(
    path("birds/corpus.jsonl"),
    lines([
      { _id: "a", text: "grey heron" },
      { _id: "b", text: "heron" },
    ]),
  );
  writeFileSync(path("birds/queries.jsonl"), lines([{ _id: "q", text: "grey heron" }]));
  // Found first in dev, second in test.
  writeFileSync(path("birds/qrels/dev.tsv"), "query-id\tcorpus-id\tscore\nq\ta\t1\n");
  writeFileSync(path("birds/qrels/test.tsv"), "query-id\tcorpus-id\tscore\nq\tb\t1\n");

  mkdirSync(path("talk"));
  const turns = [
    { id: "t0", speaker: "Ada", text: "zinc tin" },
    { id: "t1", speaker: "Ada", text: "zinc" },
  ];
  writeFileSync(path("talk/conversations.jsonl"), lines([{ _id: "c", sessions: [{ turns }] }]));
  const asked = { conversation: "c", question: "zinc tin" };
  writeFileSync(
    path("talk/questions.jsonl"),
    lines([
      { ...asked, split: "dev", evidence: ["t1"] },
      { ...asked, split: "dev", evidence: [] },
      { ...asked, split: "test", evidence: ["t0"] },
    ]),
  );
  writeFileSync(
    path("held.jsonl"),
    lines([{ task: "qa", query: "red fox", pos: ["fox"], neg: ["red fox"] }]),
  );
});

it("measures a BEIR folder on its dev split, under the plain names", async () => {
  const evaluate = await openEvaluator([{ path: path("birds") }]);
  expect(await evaluate(encoder)).toEqual({ "nDCG@10": 1, "MRR@10": 1, "Recall@10": 1 });
});

it("also gives the metric that is asked for, and conversations have theirs", async () => {
  const evaluate = await openEvaluator([{ path: path("talk") }], { metric: "Hit@5" });
  expect(await evaluate(encoder)).toEqual({ "nDCG@10": 0.63093, "Recall@10": 1, "Hit@5": 1 });
});

it("names the metric of each of several sources, and gives the means over those that have one", async () => {
  const sources = ["birds", "talk", "held.jsonl"].map((name) => ({ path: path(name) }));
  const metrics = await (await openEvaluator(sources))(encoder);
  expect(Object.keys(metrics).sort()).toEqual(
    ["nDCG@10", "MRR@10", "Recall@10", "birds nDCG@10", "talk nDCG@10", "held nDCG@10"].sort(),
  );
  expect(metrics["nDCG@10"]).toBeCloseTo((1 + second + second) / 3, 5);
  expect(metrics["talk nDCG@10"]).toBeCloseTo(second, 5);
  expect(metrics["MRR@10"]).toBe(0.75); // of birds and held; conversations have none
});

it("takes the task that a source names", async () => {
  const evaluate = await openEvaluator([{ path: path("birds"), task: "unheard" }]);
  await expect(evaluate(encoder)).rejects.toThrow("no task unheard");
});

it("tells what is left out when it opens, not at each measure", async () => {
  const told: string[] = [];
  const onNotice = (message: string): number => told.push(message);
  const evaluate = await openEvaluator([{ path: path("talk") }], { onNotice });
  await evaluate(encoder);
  expect(told).toEqual([expect.stringContaining("1 questions have no evidence")]);
});

it.each([
  ["a source that is not there", [{ path: path("nothing") }], {}, "not_found"],
  ["a folder of nothing known", [{ path: folder }], {}, "not_found"],
  ["no source", [], {}, "invalid_argument"],
  ["a metric that no source has", [{ path: path("talk") }], { metric: "MRR@10" }, "invalid_argument"],
  ["the metric of an unknown source", [{ path: path("birds") }], { metric: "x MRR@10" }, "invalid_argument"],
] as const)("refuses %s before anything is trained", async (_name, sources, options, code) => {
  await expect(openEvaluator(sources, options)).rejects.toMatchObject({ code });
});
