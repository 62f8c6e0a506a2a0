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

const names = ["Lily", "Tim", "Anna", "Ben", "Mia", "Sam", "Sue", "Max", "Tom", "Jane", "Lucy", "Jack"];
const things = ["ball", "doll", "car", "kite", "boat", "cat", "dog", "hat", "box", "bird", "tree", "toy"];
/** The last four names are asked about, and were in no row that was trained on. */
const trainedOn = 8;

/** What was told of somebody: the first looks like the query, the second makes its end likelier. */
function chunksOf(at: number): string[] {
  const [name, thing] = [names[at], things[at]];
  return [
    `The next day, ${name} went to the park with mom. ${name} was happy and played in the park.`,
    `One day, ${name} got a big ${thing} from mom. ${name} liked the ${thing} a lot.`,
  ];
}

function rowsOf(from: number, to: number): object[] {
  const places = Array.from({ length: to - from }, (_, at) => from + at);
  const chunks = places.flatMap(chunksOf);
  return places.map((at) => ({
    task: "lrlm",
    query: ` The next day, ${names[at]} went to the park. ${names[at]} was happy and played with the`,
    answers: [` ${things[at]}.`],
    ...{ pos: [], neg: chunks, continuations: chunks.map(() => " ") },
  }));
}

function read(path: string): Json[] {
  return readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe.skipIf(file === undefined)("score, train, evaluate", () => {
  const scored = async (name: string, rows: readonly object[]): Promise<string> => {
    writeFileSync(place(`${name}-rows.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const llm = ["--llm", `llama:${file?.path}`, "--threads", "1", "--cache", place("cache")];
    const out = place(`${name}.jsonl`);
    const report = await jsonOf(["score", place(`${name}-rows.jsonl`), ...llm, "--out", out]);
    expect(report).toMatchObject({ rows: rows.length, scored: 2 * rows.length ** 2, cached: 0 });
    // The model finds the end of each row likeliest after the chunk that has its thing.
    for (const [at, { teacher_scores: scores }] of read(out).entries()) {
      expect(scores.indexOf(Math.max(...scores))).toBe(2 * at + 1);
    }
    return out;
  };

  it("learns from the likelihoods of a real model what helps it with texts that were not trained on", async () => {
    const data = await scored("train", rowsOf(0, trainedOn));
    const heldOut = await scored("held-out", rowsOf(trainedOn, names.length));
    const trained = await jsonOf([
      ...["train", "--data", data, "--eval", heldOut, "--out", place("encoder"), "--seed", "1"],
      ...["--base", "mini", "--train", "query", "--batch-size", "8", "--group-size", "8"],
      ...["--steps", "20", "--save-steps", "20"],
    ]);
    expect(trained).toMatchObject({ steps: 20, out: place("encoder") });
    const lines = (name: string): Json[] => read(join(place("encoder"), "training", name));
    const losses = lines("log.jsonl").map(({ loss }) => loss);
    const mean = (some: number[]): number => some.reduce((sum, loss) => sum + loss, 0) / some.length;
    expect(mean(losses.slice(-2))).toBeLessThan(mean(losses.slice(0, 2)));
    const [before, after] = lines("evaluations.jsonl");
    expect([before.step, after.step]).toEqual([0, 20]);
    expect(before.metrics["nDCG@10"]).toBeLessThan(0.6);
    expect(after.metrics["nDCG@10"]).toBeGreaterThan(0.9);
  });
});
