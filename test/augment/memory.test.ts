import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Index, open } from "#src/augment/index.js";
import { keywordEncoder } from "../support/keyword-encoder.ts";

let folder: string;
let index: Index;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "memory-"));
  index = await open({ index: join(folder, "index"), encoder: keywordEncoder() });
});
afterEach(async () => {
  await index.close();
  await rm(folder, { recursive: true });
});

async function file(name: string, lines: readonly unknown[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return path;
}
const ids = async (query: string, options: object = {}): Promise<string[]> =>
  (await index.search(query, { kind: "memory", ...options })).hits.map(({ id }) => id);

const chat = [
  { role: "user", text: "My bicycle is a green tandem.", time: "2026-01-01T10:00:00Z" },
  { role: "assistant", text: "A tandem needs two riders.", time: "2026-01-01T10:00:05Z" },
  { role: "user", text: "Which soup suits winter?", time: "2026-02-01T10:00:00Z" },
  { role: "assistant", text: "Lentil soup with lemon.", time: "2026-02-01T10:00:05Z" },
  { role: "user", text: "Remind me to water the fern.", time: "2026-03-01T10:00:00Z" },
];

describe("conversations from files", () => {
  it("stores a turn with its reply and the turn after as the value", async () => {
    const path = await file("chat.jsonl", chat);
    expect(await index.add("memory", [path])).toMatchObject({ kind: "memory", added: 5, unchanged: 0 });
    const { hits } = await index.search("green tandem bicycle", { kind: "memory", topK: 1 });
    expect(hits).toMatchObject([
      {
        id: `${path}/0`,
        text: "[1 January 2026] user: My bicycle is a green tandem.",
        value: {
          start: 0,
          turns: [{ id: "0" }],
          next: [{ text: "A tandem needs two riders." }, { id: "2" }],
        },
        source: `${path}:1`,
        metadata: { conversation: "default", time: "2026-01-01T10:00:00.000Z" },
      },
    ]);
  });

  it("skips what is unchanged, and adds what a chat grew by", async () => {
    const path = await file("chat.jsonl", chat.slice(0, 2));
    await index.add("memory", [path]);
    expect(await index.add("memory", [path])).toMatchObject({ added: 0, updated: 0, unchanged: 2 });
    await file("chat.jsonl", chat);
    // Other turns follow the first two now.
    expect(await index.add("memory", [path])).toMatchObject({ added: 3, updated: 2, unchanged: 0 });
    expect(await ids("soup winter", { topK: 1 })).toEqual([`${path}/2`]);
  });

  it("reads whole conversations, their dates and the names of their speakers", async () => {
    const path = await file("conversations.jsonl", [
      {
        _id: "chat1",
        sessions: [
          { date: "29.12.2023, 22:42:04", turns: [{ id: "D1:1", speaker: "Emi", text: "I study pottery." }] },
          { date: "30.12.2023, 08:00:00", turns: [{ id: "D2:1", speaker: "Kai", text: "Nice, clay!" }] },
        ],
      },
    ]);
    expect(await index.add("memory", [path])).toMatchObject({ added: 1 });
    const { hits } = await index.search("pottery", { kind: "memory", conversation: "chat1", topK: 1 });
    expect(hits).toMatchObject([
      {
        id: "chat1#0",
        text: "[29 December 2023] Emi: I study pottery.",
        value: { turns: [{ id: "D1:1" }], next: [{ id: "D2:1" }] },
        metadata: { time: "2023-12-29T22:42:04.000Z" },
      },
    ]);
  });

  it("names file, line and field of a broken turn", async () => {
    const path = await file("broken.jsonl", [chat[0], { role: "user" }]);
    await expect(index.add("memory", [path])).rejects.toThrow(/broken\.jsonl:2.*text/);
    await writeFile(path, '{"role": "user", "text": "x"}\n{oops\n');
    await expect(index.add("memory", [path])).rejects.toThrow(/broken\.jsonl:2/);
    await file("broken.jsonl", [
      { ...chat[0], id: "t" },
      { ...chat[1], id: "t" },
    ]);
    await expect(index.add("memory", [path])).rejects.toThrow(/broken\.jsonl:2: a turn with the id/);
  });

  it("narrows to a conversation, a person and a time", async () => {
    const path = await file(
      "two.jsonl",
      chat.map((turn, at) => ({ ...turn, conversation: at < 2 ? "a" : "b", user: at < 2 ? "ann" : "bob" })),
    );
    await index.add("memory", [path]);
    const question = "soup tandem fern";
    const sorted = async (options: object): Promise<string[]> =>
      (await ids(question, options)).map((id) => id.slice(path.length + 1)).toSorted();
    expect(await sorted({})).toEqual(["a/0", "a/1", "b/0", "b/1", "b/2"]);
    expect(await sorted({ conversation: "a" })).toEqual(["a/0", "a/1"]);
    expect(await sorted({ user: "ann" })).toEqual(["a/0", "a/1"]);
    expect(await sorted({ since: "2026-02-15" })).toEqual(["b/2"]);
    expect(await sorted({ until: Date.parse("2026-01-15") })).toEqual(["a/0", "a/1"]);
    expect(await sorted({ filter: "user = 'bob'", until: "2026-02-15" })).toEqual(["b/0", "b/1"]);
    await expect(ids(question, { since: "yesterday" })).rejects.toThrow(/since: time: got "yesterday"/);
  });

  it("forgets a conversation by its name", async () => {
    const path = await file(
      "two.jsonl",
      chat.map((turn, at) => ({ ...turn, conversation: at < 2 ? "a" : "b" })),
    );
    await index.add("memory", [path]);
    expect(await index.delete("memory", ["a"])).toEqual({ kind: "memory", removed: 2 });
    expect((await ids("tandem soup fern")).toSorted()).toEqual([0, 1, 2].map((at) => `${path}/b/${at}`));
  });
});

describe("long texts", () => {
  it("cuts 128-token chunks, each with the next", async () => {
    const words = Array.from({ length: 300 }, (_, at) => (at === 200 ? "zebra" : `word${at}`));
    const path = join(folder, "book.txt");
    await writeFile(path, words.join(" "));
    await index.add("memory", [path]);
    const { hits } = await index.search("zebra", { kind: "memory", topK: 1, method: "bm25" });
    const value = hits[0]?.value as { text: string; next: string; start: number };
    expect(hits[0]?.id).toBe(`${path}#1`);
    expect(value.start).toBe(1);
    expect(value.text.trim().split(" ")).toEqual(words.slice(128, 256));
    expect(value.next.split(" ")).toEqual(words.slice(256));
  });

  it("reads long texts from JSON Lines", async () => {
    const path = await file("texts.jsonl", [{ _id: "b0", title: "Fables", text: "A fox saw some grapes." }]);
    await index.add("memory", [path]);
    expect(await ids("fox grapes")).toEqual(["b0#0"]);
  });
});

describe("turns as they happen", () => {
  it("appends, and gives the turn before its reply", async () => {
    await index.remember("talk", chat.slice(0, 1));
    await index.remember("talk", chat.slice(1, 3));
    const report = await index.remember("talk", chat.slice(3));
    expect(report).toMatchObject({ kind: "memory", added: 2, unchanged: 0 });
    const { hits } = await index.search("green bicycle", { kind: "memory", conversation: "talk", topK: 1 });
    expect(hits[0]).toMatchObject({
      id: "talk/0",
      value: { of: "talk", start: 0, next: [{ text: "A tandem needs two riders." }, { role: "user" }] },
    });
    const { hits: all } = await index.search("tandem soup fern", { kind: "memory" });
    expect(all.map(({ id }) => id).toSorted()).toEqual([0, 1, 2, 3, 4].map((at) => `talk/${at}`));
  });

  it("is the same whether turns come one by one or together", async () => {
    for (const turn of chat) await index.remember("single", [turn]);
    await index.remember("together", chat);
    const units = async (conversation: string): Promise<unknown[]> => {
      const { hits } = await index.search("tandem soup fern", { kind: "memory", conversation });
      return hits
        .map(({ text, value }) => ({ text, ...(value as object), of: "" }))
        .toSorted((left, right) => (left.text < right.text ? -1 : 1));
    };
    expect(await units("single")).toEqual(await units("together"));
  });

  it("does not store again what was said with the same time, or twice in a row", async () => {
    await index.remember("talk", chat);
    expect(await index.remember("talk", chat)).toMatchObject({ added: 0, unchanged: 5 });
    const untimed = { role: "user", text: "ok" };
    expect(await index.remember("talk", [untimed, untimed])).toMatchObject({ added: 1, unchanged: 1 });
  });

  it("does not store again what was recalled into a prompt", async () => {
    await index.add("knowledge", [
      { text: "The lighthouse keeper counts forty steps to the upper gallery." },
    ]);
    await index.remember("talk", [{ role: "user", text: "How many steps has the lighthouse?" }]);
    const { messages } = await index.augment("steps lighthouse gallery", { maxTokens: 300 });
    const echo = {
      role: "assistant",
      text: "The lighthouse keeper counts forty steps to the upper gallery.",
    };
    expect(await index.remember("talk", [echo])).toMatchObject({ added: 0, unchanged: 1 });

    const prompt = messages.at(-1)?.content ?? "";
    await index.remember("pasted", [{ role: "user", text: prompt }]);
    const { hits } = await index.search("steps", { kind: "memory", conversation: "pasted" });
    expect(hits.map(({ text }) => text)).toEqual(["user: steps lighthouse gallery"]);
  });
});
