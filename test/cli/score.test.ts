/** `retrieve score` from the command line: a model behind a server, and teachers that need none. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveCompletions } from "#src/serve/index.js";
import { bigramModel, logProbabilities, tokenize } from "../support/bigram-model.ts";
import { type Json, jsonOf, retrieveHere } from "./here.ts";

const tiny = resolve(import.meta.dirname, "../golden/tiny-bert");
const folder = mkdtempSync(join(tmpdir(), "retrieve-score-"));
const place = (name: string): string => join(folder, name);
const rows = place("rows.jsonl");
const out = place("out.jsonl");
let server: Awaited<ReturnType<typeof serveCompletions>>;
let llm: string[];

const row = {
  query: "The capital of France",
  pos: ["The capital of France is Paris."],
  neg: ["A little dog"],
  answers: ["is Paris"],
  task: "qa",
};

beforeAll(async () => {
  server = await serveCompletions({ llm: bigramModel() });
  llm = ["--llm", `openai:bigram@${server.url}`, "--cache", place("cache")];
  writeFileSync(rows, [row, { ...row, query: "The capital of Italy" }, row].map(lineOf).join(""));
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const lineOf = (value: object): string => `${JSON.stringify(value)}\n`;
const scored = (): Json[] =>
  readFileSync(out, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("a language model behind a server", () => {
  it("tells the costs alone with --dry-run", async () => {
    const cost = await jsonOf(["score", rows, ...llm, "--dry-run", "--shard", "0/3"]);
    expect(cost).toEqual({ rows: 1, candidates: 2, tokens: expect.any(Number), seconds: expect.any(Number) });
    const { stdout } = await retrieveHere(["score", rows, ...llm, "--dry-run"]);
    expect(stdout).toMatch(/^3 rows, 6 candidates: about \d+ tokens/);
    expect(existsSync(out)).toBe(false);
  });

  it("gives rewards, and none twice", async () => {
    const cache = ["--cache", place("cache-2")];
    const report = await jsonOf(["score", rows, "--out", out, ...llm, ...cache]);
    expect(report).toEqual({
      ...{ rows: 3, scored: 4, cached: 2 },
      ...{ tokens: expect.any(Number), seconds: expect.any(Number) },
    });
    const text = `Knowledge: ${row.pos[0]}\n\nQuestion: ${row.query}\n\nAnswer: is Paris`;
    const [is = 0, paris = 0] = logProbabilities(tokenize(text)).slice(-2);
    expect(scored()[0].teacher_scores[0]).toBeCloseTo((is + paris) / 2, 10);
    expect(scored()[0].teacher).toMatchObject({ name: "likelihood", reduce: "mean" });
    const again = await retrieveHere(["score", rows, "--out", out, ...llm, ...cache]);
    expect(again.stdout).toMatch(/out\.jsonl: 3 rows, 0 scored, 6 cached in \d+\.\d s\n$/);
    expect(again.stderr).toMatch(/3 rows, 6 candidates: about \d+ tokens/);
  });

  it("follows a template, as text and as a file", async () => {
    const text = "Read:\\n{key}\\n\\n{query}: {answer}";
    await jsonOf(["score", rows, "--out", out, ...llm, "--template", text, "--reduce", "sum"]);
    const byText = scored();
    const whole = `Read:\n${row.pos[0]}\n\n${row.query}: is Paris`;
    const [is = 0, paris = 0] = logProbabilities(tokenize(whole)).slice(-2);
    expect(byText[0].teacher_scores[0]).toBeCloseTo(is + paris, 10);
    writeFileSync(place("template.txt"), `${text.replaceAll("\\n", "\n")}\n`);
    await jsonOf([
      "score",
      rows,
      "--out",
      out,
      ...llm,
      "--template",
      place("template.txt"),
      "--reduce",
      "sum",
    ]);
    expect(scored()).toEqual(byText);
  });

  it("ranks, with a seed", async () => {
    await jsonOf(["score", rows, "--out", out, ...llm, "--reward", "rank", "--samples", "3", "--seed", "5"]);
    expect(scored()[0].teacher).toMatchObject({ name: "rank", reading: "ours", samples: 3, seed: 5 });
    expect(scored()[0].teacher_scores.every(Number.isInteger)).toBe(true);
  });
});

describe("teachers without one", () => {
  it("are named in the rows", async () => {
    const report = await jsonOf(["score", rows, "--teacher", "contains", "--out", out]);
    expect(report).toEqual({ rows: 3, scored: 6, cached: 0, tokens: 0, seconds: expect.any(Number) });
    expect(scored().map(({ teacher_scores }) => teacher_scores)).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
    await jsonOf(["score", rows, "--teacher", "encoder", "--model", tiny, "--out", out]);
    expect(scored()[0].teacher).toMatchObject({ name: "encoder", model: tiny });
    const icl = ["score", rows, "--teacher", "same-label", "--task", "icl", "--out", out];
    expect((await jsonOf(icl)).rows).toBe(3);
    expect(scored()[0].teacher).toEqual({ name: "same-label" });
  });

  it("may be something else, by a file", async () => {
    const numbered = place("numbered.jsonl");
    writeFileSync(numbered, lineOf({ ...row, query_id: 1 }));
    const scores = [...row.pos, ...row.neg].map((text, at) => ({ query_id: 1, text, score: at }));
    writeFileSync(place("scores.jsonl"), scores.map(lineOf).join(""));
    const args = ["score", numbered, "--teacher", "scores", "--scores", place("scores.jsonl"), "--out", out];
    expect(await retrieveHere(args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--teacher-name"),
    });
    await jsonOf([...args, "--teacher-name", "bge-reranker"]);
    expect(scored()[0]).toMatchObject({ teacher_scores: [0, 1], teacher: { name: "bge-reranker" } });
  });
});

describe("wrong usage", () => {
  it.each([
    ["nobody who gives rewards", ["--out", "x"], "neither --llm nor --teacher"],
    ["two of them", ["--out", "x", "--llm", "llama:x", "--teacher", "contains"], "both --llm and --teacher"],
    ["no file to write", ["--teacher", "contains"], "no --out"],
    ["a shard past the last", ["--teacher", "contains", "--out", "x", "--shard", "4/4"], "such as 0/4"],
    ["a shard in words", ["--teacher", "contains", "--out", "x", "--shard", "half"], "such as 0/4"],
    ["an unknown teacher", ["--teacher", "me", "--out", "x"], "same-label"],
    ["no model of that kind", ["--llm", "gpt", "--out", "x"], "openai:MODEL@URL"],
    ["a wrong template", ["--llm", "gpt", "--out", "x", "--template", "{key} {anser}{answer}"], "{answer}?"],
  ])("%s", async (_, args, wanted) => {
    const { code, stdout, stderr } = await retrieveHere(["score", rows, ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(wanted);
  });

  it("names a template file that is not there", async () => {
    const { code, stderr } = await retrieveHere([
      "score",
      rows,
      "--llm",
      "x",
      "--template",
      place("none.txt"),
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("none.txt");
  });
});
