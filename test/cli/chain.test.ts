/** From a language model's feedback to another encoder, with a real model: chunks of stories are scored, trained on, evaluated. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { storiesModel } from "../support/gguf.ts";
import { type Json, jsonOf } from "./here.ts";

const file = storiesModel();
const folder = mkdtempSync(join(tmpdir(), "retrieve-chain-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  file?.remove();
});
const place = (name: string): string => join(folder, name);

const names = ["Lily", "Tim", "Anna", "Ben", "Mia", "Sam", "Sue", "Max"];
const things = ["ball", "doll", "car", "kite", "boat", "cat", "dog", "hat"];

/** What happened before, and how it goes on: the chunk with the same name and thing makes the end likelier. */
const chunks = names.map(
  (name, at) =>
    `One day, ${name} got a big ${things[at]} from mom. ${name} liked the ${things[at]} a lot. ${name} said, "This is my ${things[at]}!"`,
);
const rows = names.map((name, at) => ({
  task: "chat",
  query: ` The next day, ${name} went to the park. ${name} was happy and played with the`,
  answers: [` ${things[at]}.`],
  history: chunks,
}));

describe.skipIf(file === undefined)("score, train, evaluate", () => {
  it("learns from the likelihoods of a real model", async () => {
    const write = (name: string, some: readonly object[]): string => {
      writeFileSync(place(name), some.map((row) => `${JSON.stringify(row)}\n`).join(""));
      return place(name);
    };
    const llm = ["--llm", `llama:${file?.path}`, "--threads", "1", "--cache", place("cache")];
    // A story has no speakers.
    const layout = ["--template", "{key}{query}{answer}"];
    const score = ["score", write("rows.jsonl", rows), ...llm, ...layout, "--out", place("scored.jsonl")];
    const report = await jsonOf(score);
    expect(report).toMatchObject({ rows: 8, scored: 64, cached: 0 });
    const scored: Json[] = readFileSync(place("scored.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    // Each row's own chunk makes its end likelier than any other does.
    for (const [at, { teacher_scores: scores }] of scored.entries()) {
      expect(scores.indexOf(Math.max(...scores))).toBe(at);
    }
    const train = [
      "--base",
      "mini",
      "--train",
      "query",
      "--steps",
      "30",
      "--batch-size",
      "8",
      "--group-size",
      "8",
    ];
    const trained = await jsonOf([
      ...["train", "--data", place("scored.jsonl"), ...train, "--seed", "1", "--save-steps", "30"],
      ...["--eval", place("scored.jsonl"), "--out", place("encoder")],
    ]);
    expect(trained).toMatchObject({ steps: 30, out: place("encoder") });
    const lines = (name: string): Json[] =>
      readFileSync(join(place("encoder"), "training", name), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
    const losses = lines("log.jsonl").map(({ loss }) => loss);
    const mean = (some: number[]): number => some.reduce((sum, loss) => sum + loss, 0) / some.length;
    expect(mean(losses.slice(-2))).toBeLessThan(mean(losses.slice(0, 2)));
    const [before, ...after] = lines("evaluations.jsonl");
    expect(before.step).toBe(0);
    expect(after.at(-1).metrics["nDCG@10"]).toBeGreaterThanOrEqual(before.metrics["nDCG@10"]);
  });
});
