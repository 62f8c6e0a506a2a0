/** What a source is. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { detectParts } from "#src/adapt/detect.js";
import { put } from "./material.ts";

const samples = resolve(import.meta.dirname, "../../samples");
const folder = mkdtempSync(join(tmpdir(), "detect-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function formsOf(path: string): Promise<string[]> {
  return (await detectParts(path, () => undefined)).map(({ form }) => form);
}

describe("a file", () => {
  it.each([
    ["rows", { query: "q", pos: ["p"] }],
    ["rows", { query: "q", history: ["h"], answers: ["a"] }],
    ["conversations", { role: "user", text: "hello" }],
    ["conversations", { speaker: "Emi", content: "hello", time: "2026-03-01" }],
    ["conversations", { _id: "c", sessions: [] }],
    ["msc", { previous_dialogs: [], dialog: [] }],
    ["examples", { input: "2 + 2", output: "4", task: "Add" }],
    ["tasks", { inputs: "2 + 2", targets: "4" }],
    ["jsonl", { question: "who?", answer: "me", context: "it was me" }],
    ["documents", { title: "A", text: "B" }],
  ])("of %s: %j", async (form, row) => {
    expect(await formsOf(put(folder, "some.jsonl", [row]))).toEqual([form]);
  });

  it("as one array, which rows are not read from", async () => {
    const array = join(folder, "array.json");
    writeFileSync(array, JSON.stringify([{ input: "2 + 2", output: "4" }]));
    expect(await formsOf(array)).toEqual(["tasks"]);
    writeFileSync(array, JSON.stringify([{ query: "q", pos: ["p"] }]));
    expect(await formsOf(array)).toEqual(["jsonl"]);
  });

  it("of text in any format is documents", async () => {
    writeFileSync(join(folder, "guide.md"), "# Guide");
    writeFileSync(join(folder, "one.json"), '{ "a": 1 }');
    expect(await formsOf(join(folder, "guide.md"))).toEqual(["documents"]);
    expect(await formsOf(join(folder, "one.json"))).toEqual(["documents"]);
  });

  it("of schemas is refused with what it is not", async () => {
    const file = join(samples, "tools/functions.json");
    await expect(formsOf(file)).rejects.toThrow(
      /functions\.json: got objects of name, .*rows of the task tool/,
    );
    await expect(formsOf(join(folder, "nowhere"))).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("a folder", () => {
  it("of a benchmark, of its training part where there is one", async () => {
    const told: string[] = [];
    const knowledge = join(samples, "knowledge");
    expect(await detectParts(knowledge, (notice) => told.push(notice))).toEqual([
      { form: "beir", path: knowledge, split: "test" },
    ]);
    expect(told).toEqual([expect.stringContaining("has no split train, so its split test")]);
    for (const split of ["dev", "train", "test"]) put(folder, `beir/qrels/${split}.tsv`, []);
    for (const name of ["corpus", "queries"]) put(folder, `beir/${name}.jsonl`, []);
    expect(await detectParts(join(folder, "beir"), (notice) => told.push(notice))).toMatchObject([
      { split: "train" },
    ]);
    expect(told).toHaveLength(1);
  });

  it("of conversations, with questions and without", async () => {
    const memory = join(samples, "memory");
    expect(await detectParts(memory, () => undefined)).toEqual([
      { form: "memory", path: memory, split: "test" },
    ]);
    put(folder, "chats/conversations.jsonl", [{ role: "user", text: "x" }]);
    expect(await formsOf(join(folder, "chats"))).toEqual(["conversations"]);
    put(folder, "asked/conversations.jsonl", []);
    put(folder, "asked/questions.jsonl", [{ question: "x" }]);
    expect(await detectParts(join(folder, "asked"), () => undefined)).toMatchObject([{ split: "all" }]);
  });

  it("of JSON Lines is these, of other files their documents", async () => {
    put(folder, "mixed/a.jsonl", [{ query: "q", pos: ["p"] }]);
    put(folder, "mixed/b/train.jsonl", [{ input: "2", output: "4" }]);
    writeFileSync(join(folder, "mixed/README.md"), "what it is");
    expect(await formsOf(join(folder, "mixed"))).toEqual(["rows", "examples"]);
    put(folder, "plain/x.txt", []);
    expect(await formsOf(join(folder, "plain"))).toEqual(["documents"]);
  });
});
