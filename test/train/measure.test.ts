/** Checkpoints are measured once each, even when a measure is cut short. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import { type TrainHooks, train } from "#src/train/index.js";

const base = resolve(import.meta.dirname, "../golden/tiny-bert");
const folder = mkdtempSync(join(tmpdir(), "measure-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("goes on with the measure that failed, of the base and of a checkpoint", async () => {
  const data = join(folder, "rows.jsonl");
  const rows = ["fox", "dog", "path", "query"].map((word) => ({
    task: "qa",
    query: word,
    pos: [`the ${word}`],
  }));
  writeFileSync(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const out = join(folder, "model");
  const config = { data: [data], base, out, steps: 4, batchSize: 2, saveSteps: 2 };

  let measures = 0;
  const failing = new Set([1, 3]);
  const told: number[] = [];
  const hooks: TrainHooks = {
    resume: true,
    evaluate: async () => {
      measures++;
      if (failing.has(measures)) throw new Error(`measure ${measures} is cut short`);
      return { "nDCG@10": 0.1 * measures };
    },
    onEvaluation: ({ step }) => told.push(step),
  };
  await expect(train(config, hooks)).rejects.toThrow("measure 1");
  await expect(train(config, hooks)).rejects.toThrow("measure 3");
  const { metrics, steps } = await train(config, hooks);

  expect(told).toEqual([0, 2, 4]);
  expect({ metrics, steps }).toEqual({ metrics: { "nDCG@10": 0.5 }, steps: 4 });
  const lines = readFileSync(join(out, "training/evaluations.jsonl"), "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line).step)).toEqual([0, 2, 4]);
});
