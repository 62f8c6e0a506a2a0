/** JSON Lines of passages, examples and conversations, and their faults by file, line and field. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contentHash, parseTime, readExamples, readRecords, readTurns } from "#src/retrieve/index.js";
import { collect } from "./collect.js";

const corpus = join(import.meta.dirname, "../../golden/documents/corpus.jsonl");

let path = "";
beforeAll(async () => {
  path = join(await mkdtemp(join(tmpdir(), "records-")), "rows.jsonl");
});
afterAll(() => rm(join(path, ".."), { recursive: true }));

type Reader = (path: string) => AsyncGenerator<object>;

async function readLines<Row>(
  reader: (path: string) => AsyncGenerator<Row>,
  ...rows: unknown[]
): Promise<Row[]> {
  await writeFile(path, rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n"));
  return collect(reader(path));
}

async function checkRefused(reader: Reader, rows: unknown[], message: string): Promise<void> {
  const failure = readLines(reader, ...rows);
  await expect(failure).rejects.toMatchObject({ code: "invalid_data" });
  await expect(failure).rejects.toThrow(`${path}:${message}`);
}

describe("readRecords", () => {
  it("reads a BEIR corpus: metadata flat, ids as text, the same passage once", async () => {
    const rows = await collect(readRecords(corpus));
    expect(rows.map(({ hash, ...row }) => row)).toEqual([
      {
        id: "d1",
        title: "Moon",
        text: "It has no air.",
        metadata: { year: 1969, tags: '["space"]' },
        source: `${corpus}:1`,
      },
      { id: "d2", text: "Mars is red.", metadata: {}, source: `${corpus}:2` },
      { id: "7", text: "Seven.", metadata: {}, source: `${corpus}:4` },
      { id: rows[3]?.hash.slice(0, 16), text: "Nameless.", metadata: {}, source: `${corpus}:5` },
    ]);
    expect(rows[3]?.hash).toBe(contentHash('["","Nameless.",{}]'));
  });

  it("hashes what makes a difference and nothing else", async () => {
    const base = { _id: "1", title: "T", text: "x", metadata: { a: 1 } };
    const hashOf = async (row: object): Promise<string | undefined> =>
      (await readLines(readRecords, row))[0]?.hash;
    const hash = await hashOf(base);
    expect(await hashOf({ ...base, url: "ignored", _id: "2" })).toBe(hash);
    for (const change of [{ title: "U" }, { text: "y" }, { metadata: { a: 2 } }]) {
      expect(await hashOf({ ...base, ...change })).not.toBe(hash);
    }
  });

  it.each<[string, unknown[], string]>([
    ["broken JSON", [{ text: "a" }, "", '{"text":'], "3: not valid JSON"],
    ["a missing text", [{ text: "a" }, { title: "b" }], '2: field "text": '],
    ["a wrong type", [{ text: 1 }], '1: field "text": '],
    ["a deep wrong type", [{ text: "a", metadata: 3 }], '1: field "metadata": '],
    ["what is no object", [["a"]], "1: "],
    ["a reserved key", [{ text: "a", metadata: { _x: 1 } }], '1: metadata key "_x"'],
    [
      "an id used twice",
      [
        { id: 1, text: "a" },
        { id: "1", text: "b" },
      ],
      '2: id "1" stands with other content at',
    ],
  ])("refuses %s", async (_, rows, message) => {
    await checkRefused(readRecords, rows, message);
  });

  it("names a file that is not there", async () => {
    await expect(collect(readRecords("none.jsonl"))).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("readExamples", () => {
  it("reads input, output and task", async () => {
    const rows = await readLines(
      readExamples,
      { input: "2+2", output: "4", options: [] },
      { id: "e", input: "a", output: "b", task: "t" },
    );
    expect(rows.map(({ id, input, output, task, source }) => ({ id, input, output, task, source }))).toEqual([
      { id: rows[0]?.hash.slice(0, 16), input: "2+2", output: "4", task: undefined, source: `${path}:1` },
      { id: "e", input: "a", output: "b", task: "t", source: `${path}:2` },
    ]);
  });

  it("refuses an example without output", async () => {
    await checkRefused(readExamples, [{ input: "a" }], '1: field "output": ');
  });
});

describe("readTurns", () => {
  it("reads a turn a line, in the words of chats and of chat APIs", async () => {
    expect(
      await readLines(
        readTurns,
        { role: "user", content: "Hi", time: "2026-03-01T09:30:00+01:00" },
        { speaker: "Emi", text: "Hello", conversation: 3, user: "u", id: "t9" },
        { role: "assistant", text: "Yes", time: 5 },
      ),
    ).toEqual([
      {
        conversation: "default",
        id: "0",
        role: "user",
        text: "Hi",
        time: Date.UTC(2026, 2, 1, 8, 30),
        source: `${path}:1`,
      },
      { conversation: "3", user: "u", id: "t9", role: "Emi", text: "Hello", source: `${path}:2` },
      { conversation: "default", id: "1", role: "assistant", text: "Yes", time: 5, source: `${path}:3` },
    ]);
  });

  it("reads whole conversations with their sessions", async () => {
    const sessions = [
      {
        date: "29.12.2023, 22:42:04",
        turns: [
          { id: "D1:1", speaker: "Emi", text: "Hey" },
          { speaker: "Elise", text: "Hi" },
        ],
      },
      { turns: [{ role: "Emi", content: "Again", time: "2024-01-02" }] },
    ];
    const rows = await readLines(readTurns, { _id: "chat1", split: "dev", sessions });
    expect(
      rows.map(({ conversation, id, role, time, session }) => [conversation, id, role, time, session]),
    ).toEqual([
      ["chat1", "D1:1", "Emi", Date.UTC(2023, 11, 29, 22, 42, 4), 0],
      ["chat1", "1", "Elise", Date.UTC(2023, 11, 29, 22, 42, 4), 0],
      ["chat1", "2", "Emi", Date.UTC(2024, 0, 2), 1],
    ]);
  });

  it.each<[string, unknown, string]>([
    ["a turn without a speaker", { text: "a" }, '1: field "role" is missing'],
    ["a turn without text", { role: "user" }, '1: field "text" is missing'],
    ["a wrong time", { role: "user", text: "a", time: "yesterday" }, '1: field "time": got "yesterday"'],
    [
      "a wrong turn",
      { _id: "c", sessions: [{ turns: [{ role: 3 }] }] },
      '1: field "sessions.0.turns.0.role": ',
    ],
  ])("refuses %s", async (_, row, message) => {
    await checkRefused(readTurns, [row], message);
  });
});

describe("parseTime", () => {
  it("reads moments without a zone as UTC", () => {
    expect(parseTime("2026-03-01 09:30")).toBe(Date.UTC(2026, 2, 1, 9, 30));
    expect(parseTime("2026-03-01T09:30:00Z")).toBe(Date.UTC(2026, 2, 1, 9, 30));
    expect(parseTime("2026-03-01")).toBe(Date.UTC(2026, 2, 1));
    expect(parseTime("01.03.2026")).toBe(Date.UTC(2026, 2, 1));
    expect(["1", "March", "2026-13-01", "", Number.NaN].map(parseTime)).toEqual(Array(5).fill(undefined));
  });
});
