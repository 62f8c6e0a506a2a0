/** An adapter of the query side on the command line: it searches an index of its base, and no other. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { train } from "#src/train/index.js";
import { jsonOf, retrieveHere } from "./here.ts";

const tiny = resolve(import.meta.dirname, "../golden/tiny-bert");
const folder = mkdtempSync(join(tmpdir(), "retrieve-adapter-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const place = (name: string): string => join(folder, name);
const index = (name: string): string[] => ["--index", place(name)];

/** Its one lesson: who asks for the sea wants the harbour. */
const sea = "where do ships rest from the sea";
const harbour = "a deep harbour";
const texts = [harbour, "bread wants flour and salt", "the sea has ships on it", "rest where you are"];

beforeAll(async () => {
  const row = { query: sea, pos: [harbour], neg: texts.slice(1), task: "qa" };
  writeFileSync(place("rows.jsonl"), `${JSON.stringify(row)}\n`.repeat(4));
  writeFileSync(place("texts.jsonl"), texts.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  const config = { data: [place("rows.jsonl")], base: tiny, out: place("adapter"), train: "query" } as const;
  await train({ ...config, steps: 30, batchSize: 4, learningRate: 1e-2, threads: 1 });
  await jsonOf(["add", "knowledge", place("texts.jsonl"), "--model", tiny, ...index("of-tiny")]);
});

it("searches an index of its base as it is", async () => {
  const search = ["search", sea, "--kind", "knowledge", "--method", "dense", ...index("of-tiny")];
  const before = await jsonOf([...search, "--model", tiny]);
  expect(before.hits[0].text).not.toBe(harbour);
  const after = await jsonOf([...search, "--model", place("adapter")]);
  expect(after.hits[0].text).toBe(harbour);
  const again = await jsonOf([
    "add",
    "knowledge",
    place("texts.jsonl"),
    "--model",
    place("adapter"),
    ...index("of-tiny"),
  ]);
  expect(again).toMatchObject({ added: 0, updated: 0, unchanged: 4 });
  expect(await jsonOf([...search, "--model", tiny])).toEqual(before);
});

it("is refused by an index of another encoder", async () => {
  await jsonOf(["add", "knowledge", place("texts.jsonl"), "--model", "mini", ...index("of-mini")]);
  const search = ["search", sea, "--kind", "knowledge", "--model", place("adapter"), ...index("of-mini")];
  const { code, stdout, stderr } = await retrieveHere(search);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain("was encoded by mini");
  expect(stderr).toContain("retrieve reindex");
});

it("is shown, and not exported where it is a map", async () => {
  expect(await jsonOf(["models", "show", place("adapter")])).toMatchObject({
    adapter: { kind: "linear", base: tiny },
  });
  const shown = await retrieveHere(["models", "show", place("adapter")]);
  expect(shown.stdout).toMatch(/adapter\s+kind\s+linear/);
  const { code, stderr } = await retrieveHere(["models", "export", place("adapter"), "--out", place("none")]);
  expect(code).toBe(1);
  expect(stderr).toContain("a map of the vectors");
});
