import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ConverterName, type ConvertOptions, convertDataset, openRowFile } from "#src/dataset/index.js";
import { conversationQuery } from "#src/retrieve/index.js";
import type { Json } from "../cli/here.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "convert-"));
  mkdirSync(join(folder, "qrels"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const out = (): string => join(folder, "rows/out.jsonl");

function write(name: string, rows: readonly unknown[]): void {
  writeFileSync(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

function qrels(split: string, lines: readonly string[]): void {
  writeFileSync(join(folder, `qrels/${split}.tsv`), ["query-id\tcorpus-id\tscore", ...lines].join("\n"));
}

async function rowsOf(name: ConverterName, options?: ConvertOptions): Promise<Json[]> {
  const report = await convertDataset(name, folder, out(), options);
  const rows = readFileSync(out(), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(report).toMatchObject({ kept: rows.length, out: out() });
  // What is written can be trained on.
  await using opened = await openRowFile(out());
  expect(opened.length).toBe(rows.length);
  return rows;
}

describe("beir", () => {
  const turns = ["Tell me about whales.", "They are mammals.", "Which ones sing?"];
  beforeEach(() => {
    write("corpus.jsonl", [
      { _id: "d0", title: "Whales", text: "sing in the sea." },
      { _id: "d1", text: "Owls turn their heads." },
      { _id: "d2", text: "Seals bark in the sea." },
      { _id: "d3", text: "Whales, sing in the sea!" },
      { _id: "d4", text: "" },
      { _id: "d5", text: "Whales breathe air in the sea." },
    ]);
    write("queries.jsonl", [
      { _id: "q0", text: "who sings in the sea?" },
      {
        _id: "q1",
        text: "And why?",
        history: turns.map((text, at) => ({ role: at % 2 ? "assistant" : "user", text })),
      },
      { _id: "q2", text: " " },
      { _id: "q3", text: "empty gold" },
      { _id: "q4", text: "no gold" },
    ]);
    qrels("train", [
      "q0\td2\t1",
      "q0\td0\t2",
      "q0\td9\t1",
      "q1\td0\t1",
      "q2\td1\t1",
      "q3\td4\t1",
      "q4\td1\t0",
      "q9\td1\t1",
    ]);
    qrels("test", ["q0\td1\t1"]);
  });

  it("makes a row of each query, its gold documents the positives, the best judged first", async () => {
    const [first, second] = await rowsOf("beir", { task: "qa" });
    expect(first).toEqual({
      query: "who sings in the sea?",
      pos: ["Whales sing in the sea.", "Seals bark in the sea."],
      neg: [],
      task: "qa",
      query_id: "q0",
      pos_index: [0, 2],
    });
    expect(second.query_id).toBe("q1");
  });

  it("asks a conversation in the form in which a chat is searched", async () => {
    const [first, second] = await rowsOf("beir");
    expect(second.query).toBe(conversationQuery(turns, "And why?", "dense").text);
    expect(second.query).toBe("And why? Which ones sing? They are mammals.");
    expect([first.task, second.task]).toEqual(["convsearch", "convsearch"]);
    write("queries.jsonl", [{ _id: "q0", text: "who sings in the sea?" }]);
    expect((await rowsOf("beir"))[0].task).toBe("qa");
  });

  it("counts what is dropped, by reason", async () => {
    const notices: string[] = [];
    const done: number[] = [];
    const options = {
      onNotice: (notice: string) => notices.push(notice),
      onProgress: (p: { done: number }) => done.push(p.done),
    };
    expect(await convertDataset("beir", folder, out(), options)).toEqual({
      read: 6,
      kept: 2,
      dropped: {
        "no gold": 1,
        "query not in queries.jsonl": 1,
        "empty query": 1,
        "gold not in the corpus, or empty": 1,
      },
      out: out(),
    });
    expect(done).toEqual([1, 2, 3, 4, 5, 6]);
    expect(notices.length).toBeGreaterThan(0);
  });

  it("counts without being watched too", async () => {
    expect(await convertDataset("beir", folder, out())).toMatchObject({ read: 6, kept: 2 });
  });

  it("takes negatives by BM25: nearest first, no positive, nothing that says the same", async () => {
    const [row] = await rowsOf("beir", { negatives: { method: "bm25", count: 3 } });
    // d3 is d0 in other punctuation; d1 shares no word with the query.
    expect(row.neg).toEqual(["Whales breathe air in the sea."]);
    expect(row.neg_index).toEqual([5]);
  });

  it("takes random negatives: the same for the same seed, never a positive or an empty text", async () => {
    const taken = async (seed: number) =>
      (await rowsOf("beir", { negatives: { method: "random", count: 1 }, seed }))[0].neg_index[0];
    const seen = new Set<number>();
    for (let seed = 0; seed < 30; seed++) seen.add(await taken(seed));
    expect([...seen].sort()).toEqual([1, 5]);
    expect(await taken(7)).toBe(await taken(7));
  });

  it("takes the split it is told, and train by default", async () => {
    const [row] = await rowsOf("beir", { split: "test" });
    expect(row.pos).toEqual(["Owls turn their heads."]);
    rmSync(join(folder, "qrels/train.tsv"));
    await expect(rowsOf("beir")).rejects.toThrow(/train\.tsv: no such split; there are: test/);
  });

  it("writes nothing where something is wrong", async () => {
    qrels("train", ["q2\td1\t1"]);
    await expect(rowsOf("beir")).rejects.toThrow(/not one row: 1 empty query/);
    write("corpus.jsonl", [{ _id: "d0" }]);
    await expect(rowsOf("beir")).rejects.toThrow(/corpus\.jsonl:1: "text" is absent/);
    expect(
      existsSync(out()) || (existsSync(join(folder, "rows")) && readdirSync(join(folder, "rows")).length > 0),
    ).toBe(false);
  });

  it("stops when it is told to", async () => {
    await expect(rowsOf("beir", { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    expect(existsSync(out())).toBe(false);
  });
});

describe("memory", () => {
  const said = ["My boat is called Tern.", "Nice.", "I paint it green.", "", "Owls turn.", "Tea is hot."];
  beforeEach(() => {
    const turns = said.map((text, at) => ({ id: `t${at}`, speaker: at % 2 ? "Bo" : "Ada", text }));
    write("conversations.jsonl", [
      { _id: "c", sessions: [{ date: "29.12.2023, 22:42:04", turns }] },
      {
        _id: "d",
        sessions: [
          {
            turns: [
              { id: "t0", speaker: "Cy", text: "Elsewhere." },
              { id: "t1", speaker: "Di", text: "Boat?" },
            ],
          },
        ],
      },
    ]);
    write("questions.jsonl", [
      {
        _id: "1",
        conversation: "c",
        split: "train",
        question: "Is the boat nice?",
        evidence: ["t2", "t0"],
      },
      { conversation: "d", split: "train", question: "Where?", evidence: ["t0", "t9"] },
      { conversation: "c", split: "train", question: "Silence?", evidence: ["t3"] },
      { conversation: "c", split: "train", question: "Nothing?", evidence: [] },
      { conversation: "c", split: "dev", question: "Tea?", evidence: ["t5"] },
    ]);
  });

  it("makes a row of each question: evidence as it is stored, against the rest of its conversation", async () => {
    const [first, second] = await rowsOf("memory");
    const { neg, ...rest } = first;
    expect(rest).toEqual({
      query: "Is the boat nice?",
      pos: ["[29 December 2023] Ada: I paint it green.", "[29 December 2023] Ada: My boat is called Tern."],
      task: "chat",
      query_id: "1",
    });
    expect(neg.toSorted()).toEqual([
      "[29 December 2023] Ada: Owls turn.",
      "[29 December 2023] Bo: Nice.",
      "[29 December 2023] Bo: Tea is hot.",
    ]);
    expect(second).toEqual({ query: "Where?", pos: ["Cy: Elsewhere."], neg: ["Di: Boat?"], task: "chat" });
  });

  it("takes task, split and negatives as it is told, and counts what is dropped", async () => {
    const [row] = await rowsOf("memory", {
      split: "dev",
      task: "lrlm",
      negatives: { method: "none", count: 0 },
    });
    expect(row).toEqual({
      query: "Tea?",
      pos: ["[29 December 2023] Bo: Tea is hot."],
      neg: [],
      task: "lrlm",
    });
    const [first] = await rowsOf("memory", { negatives: { method: "bm25", count: 1 } });
    expect(first.neg).toEqual(["[29 December 2023] Bo: Nice."]);
    expect(await convertDataset("memory", folder, out())).toMatchObject({
      read: 4,
      kept: 2,
      dropped: { "no evidence": 1, "evidence not in the conversation": 1 },
    });
  });
});

const data = resolve(process.env["RETRIEVE_DATA"] ?? "../shared/data");
const withData = existsSync(join(data, "README.md"));
if (!withData) console.warn(`skipped: conversion of real data sets, because ${data} is not there`);

describe.skipIf(!withData)("real data sets", () => {
  // Counts of the train parts as the sets' own documentation gives them.
  it.each<[ConverterName, string, string, number]>([
    ["beir", "knowledge/squad_nqg", "qa", 11_802],
    ["beir", "conversation/mtrag_un", "convsearch", 226],
    ["beir", "tools/metatool", "tool", 14_808],
    ["memory", "memory/realtalk", "chat", 421],
  ])("%s %s", async (name, set, task, queries) => {
    const options = task === "tool" ? { task } : {};
    const report = await convertDataset(name, join(data, set), out(), options);
    expect(report).toMatchObject({ read: queries, kept: queries, dropped: {} });
    await using rows = await openRowFile(out());
    expect(rows).toMatchObject({ task, length: queries, withNegatives: name === "memory" });
  });
});
