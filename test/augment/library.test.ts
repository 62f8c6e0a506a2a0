import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Index, type KindName, open } from "#src/augment/index.js";
import { keywordEncoder } from "../support/keyword-encoder.ts";

let folder: string;
let path: string;
let index: Index;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "library-"));
  path = join(folder, "index");
  index = await open({ index: path, encoder: keywordEncoder() });
});
afterEach(async () => {
  await index.close();
  await rm(folder, { recursive: true });
});

const write = async (name: string, text: string): Promise<string> => {
  const file = join(folder, name);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, text);
  return file;
};
const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const first = async (query: string, kind: KindName): Promise<unknown> =>
  (await index.search(query, { kind, topK: 1 })).hits[0];

const guide =
  "# Keys\n\nHow keys are kept.\n\n## Rotation\n\nRotate the signing key every ninety days.\n\n## Loss\n\nCall the harbour office.\n";

describe("knowledge", () => {
  it("finds passages by heading and place, and cites them", async () => {
    await write("docs/guide.md", guide);
    await write("docs/tea.txt", "Tea is served at four.");
    const report = await index.add("knowledge", [join(folder, "docs")]);
    expect(report).toMatchObject({ kind: "knowledge", added: 2, updated: 0, unchanged: 0, removed: 0 });
    const guidePath = join(folder, "docs/guide.md");
    const hit = await first("rotate signing key", "knowledge");
    expect(hit).toMatchObject({
      id: expect.stringMatching(/guide\.md#\d$/),
      text: expect.stringContaining("Keys > Rotation\n"),
      value: { title: "Keys", heading: "Keys > Rotation", text: expect.stringContaining("ninety days") },
      source: `${guidePath}:5`,
    });
    const { citations, messages, items } = await index.augment("rotate signing key", { maxTokens: 300 });
    expect(citations[0]).toMatchObject({ number: 1, title: "Keys > Rotation", source: `${guidePath}:5` });
    expect(messages.at(-1)?.content).toContain(`[1] Keys > Rotation (${guidePath}:5)\n`);
    expect(items[0]).toMatchObject({ kind: "knowledge", id: citations[0]?.id });
  });

  it("skips unchanged files, replaces changed ones, and with sync removes vanished ones", async () => {
    await write("docs/guide.md", guide);
    const tea = await write("docs/tea.txt", "Tea is served at four.");
    const docs = join(folder, "docs");
    await index.add("knowledge", [docs]);
    expect(await index.add("knowledge", [docs])).toMatchObject({ added: 0, updated: 0, unchanged: 2 });
    await writeFile(tea, "Coffee is served at five.");
    expect(await index.add("knowledge", [docs])).toMatchObject({ added: 0, updated: 1, unchanged: 1 });
    expect(await first("coffee", "knowledge")).toMatchObject({ source: `${tea}:1` });
    await rm(tea);
    expect(await index.add("knowledge", [docs])).toMatchObject({ unchanged: 1, removed: 0 });
    expect(await index.add("knowledge", [docs], { sync: true })).toMatchObject({ unchanged: 1, removed: 1 });
    expect((await index.status()).kinds.knowledge?.records).toBe(1);
  });

  it("keeps a JSONL record whole under its id, with title, a space and text as the key", async () => {
    const corpus = await write(
      "corpus.jsonl",
      lines([
        { _id: "d1", title: "Fern", text: "Ferns like shade.", metadata: { year: 2020, lang: "en" } },
        { _id: "d2", title: "", text: "Cacti like sun.", metadata: { year: 2010 } },
      ]),
    );
    expect(await index.add("knowledge", [corpus])).toMatchObject({ added: 2 });
    expect(await first("shade", "knowledge")).toMatchObject({
      id: "d1",
      text: "Fern Ferns like shade.",
      value: { title: "Fern", text: "Ferns like shade." },
      source: `${corpus}:1`,
      metadata: { year: 2020, lang: "en" },
    });
    const { hits } = await index.search("like", { kind: "knowledge", filter: "year < 2015" });
    expect(hits.map(({ id }) => id)).toEqual(["d2"]);
  });

  it("cuts a record that the encoder cannot read whole", async () => {
    const text = Array.from({ length: 80 }, (_, at) => `Sentence ${at} is about topic${at}.`).join(" ");
    await index.add("knowledge", [{ id: "long", title: "Topics", text }]);
    expect(await first("topic70", "knowledge")).toMatchObject({ id: expect.stringMatching(/^long#[1-9]$/) });
    expect(await index.delete("knowledge", ["long#0"])).toEqual({ kind: "knowledge", removed: 1 });
    expect((await index.search("topic70", { kind: "knowledge" })).hits).toEqual([]);
  });

  it("searches a conversation with what was said before", async () => {
    await index.add("knowledge", [
      { id: "key", text: "The signing key is rotated in spring." },
      { id: "crop", text: "Crops are rotated in spring." },
    ]);
    const asked = [
      { role: "user", content: "Tell me about the signing key." },
      { role: "assistant", content: "It signs releases." },
      { role: "user", content: "When is it rotated?" },
    ] as const;
    const { query, hits } = await index.search(asked, { kind: "knowledge", method: "bm25" });
    expect(query).toBe("When is it rotated?");
    expect(hits.map(({ id }) => id)).toEqual(["key", "crop"]);
    expect((hits[0]?.score ?? 0) - (hits[1]?.score ?? 0)).toBeGreaterThan(0);
  });

  it("lets BM25 read the earlier turns too, when it searches alone", async () => {
    await index.add("knowledge", [
      { id: "tea", text: "Tea is served at four." },
      { id: "keys", text: "Keys rotate every ninety days." },
    ]);
    const chat = [
      { role: "user", content: "Tell me of tea." },
      { role: "assistant", content: "With milk." },
      { role: "user", content: "And when?" },
    ] as const;
    const { hits } = await index.search(chat, { kind: "knowledge", method: "bm25" });
    expect(hits.map(({ id }) => id)).toEqual(["tea"]);
  });

  it("cuts passages to what matters when asked", async () => {
    await index.add("knowledge", [
      { id: "k", text: "Bread is baked at dawn. Rotate the signing key in spring. The cat sleeps." },
    ]);
    const { messages } = await index.augment("rotate signing key", { focus: true, maxTokens: 200 });
    expect(messages.at(-1)?.content).toContain("\n… Rotate the signing key in spring. …\n");
  });
});

describe("examples", () => {
  it("puts the most relevant last", async () => {
    const file = await write(
      "examples.jsonl",
      lines([
        { input: "the film was a bore", output: "negative", task: "sentiment" },
        { input: "the film was a joy to watch", output: "positive", task: "sentiment" },
      ]),
    );
    expect(await index.add("examples", [file])).toMatchObject({ added: 2 });
    expect(await first("joy to watch", "examples")).toMatchObject({
      text: "sentiment\nthe film was a joy to watch\npositive",
      value: { input: "the film was a joy to watch", output: "positive", task: "sentiment" },
      source: `${file}:2`,
      metadata: { task: "sentiment" },
    });
    const { messages } = await index.augment("the film was a joy", { maxTokens: 300 });
    const outputs = [...(messages.at(-1)?.content ?? "").matchAll(/^Output: (\w+)$/gm)].map(([, out]) => out);
    expect(outputs).toEqual(["negative", "positive"]);
  });

  it("names file, line and field", async () => {
    const file = await write("examples.jsonl", lines([{ input: "a", output: "b" }, { input: "a" }]));
    await expect(index.add("examples", [file])).rejects.toThrow(/examples\.jsonl:2.*output/);
  });
});

describe("tools", () => {
  const schema = {
    name: "get_tide",
    description: "Tide table of a harbour",
    parameters: { type: "object", properties: { harbour: { type: "string" } }, required: ["harbour"] },
  };

  it("offers schemas, and runs a function that the host gives and allows", async () => {
    expect(await index.add("tools", [schema])).toMatchObject({ added: 1 });
    const { tools, messages } = await index.augment("tide table", { kinds: ["tools"], maxTokens: 300 });
    expect(tools).toMatchObject([{ type: "function", function: { name: "get_tide" } }]);
    expect(messages.at(-1)?.content).toContain('"name":"get_tide"');

    const functions = { get_tide: (args: unknown) => ({ args, high: "04:10" }) };
    const call = index.call("get_tide", { harbour: "Leith" }, { allow: ["get_tide"], functions });
    await expect(call).resolves.toMatchObject({
      tool: "functions.get_tide",
      result: { args: { harbour: "Leith" }, high: "04:10" },
    });
    const refused = index.call("functions.get_tide", { harbour: "Leith" }, { allow: [], functions });
    await expect(refused).rejects.toMatchObject({ code: "not_allowed" });
  });

  it("says which tool is not there", async () => {
    await expect(index.call("nothing", {}, { allow: [] })).rejects.toThrow(/holds no tools/);
    await index.add("tools", [schema]);
    await expect(index.call("nothing", {}, { allow: [] })).rejects.toThrow(/nothing: no tool of this name/);
  });
});

describe("an index", () => {
  it("works in ten lines", async () => {
    await write("docs/guide.md", guide);
    await using fresh = await open({ index: join(folder, "fresh"), encoder: keywordEncoder() });
    await fresh.add("knowledge", [join(folder, "docs")]);
    const { hits } = await fresh.search("rotate key", { kind: "knowledge" });
    const { messages } = await fresh.augment("rotate key", { maxTokens: 1000 });
    expect(hits.length).toBeGreaterThan(0);
    expect(messages.at(-1)?.content).toMatch(/rotate key$/);
  });

  it("is empty before the first add: no hits, the query as the prompt", async () => {
    expect(await index.search("x", { kind: "memory" })).toEqual({ query: "x", kind: "memory", hits: [] });
    expect(await index.augment("x y", {})).toMatchObject({
      messages: [{ role: "user", content: "x y" }],
      tokens: 2,
      items: [],
    });
    expect(await index.status()).toMatchObject({ kinds: {} });
    expect(await index.delete("tools", ["t"])).toEqual({ kind: "tools", removed: 0 });
  });

  it("refuses unknown kinds, empty questions, missing files and impossible budgets", async () => {
    const unknown = "recipes" as KindName;
    await expect(index.add(unknown, [])).rejects.toThrow(
      /kind: got "recipes", wanted one of knowledge, memory/,
    );
    await expect(index.search("x", { kind: unknown })).rejects.toThrow(/kind: got "recipes"/);
    await expect(index.augment("x", { kinds: [unknown] })).rejects.toThrow(/kind: got "recipes"/);
    await expect(index.search(" ", { kind: "memory" })).rejects.toThrow(/query: got an empty text/);
    await expect(index.augment([])).rejects.toThrow(/query: got 0 messages/);
    await expect(index.add("knowledge", [join(folder, "no.md")])).rejects.toThrow(/no\.md: no such file/);
    await expect(index.augment("x", { maxTokens: 0 })).rejects.toThrow(/maxTokens: got 0/);
    await expect(index.augment("three words here", { maxTokens: 2 })).rejects.toThrow(
      /3 tokens, maxTokens is 2/,
    );
    await expect(index.search("x", { kind: "memory", halfLifeDays: 0 })).rejects.toThrow(/halfLifeDays/);
  });

  it("reports kinds, counts and model, and needs no encoder for that nor for deletion", async () => {
    await index.add("knowledge", [
      { id: "a", text: "alpha" },
      { id: "b", text: "beta" },
    ]);
    await index.close();
    index = await open({ index: path, model: "no-such-model" });
    const status = await index.status();
    expect(status).toMatchObject({
      index: path,
      model: "keyword",
      kinds: { knowledge: { records: 2, documents: 2, task: "qa" } },
    });
    expect(status.bytes).toBeGreaterThan(0);
    expect(await index.delete("knowledge", ["a", "missing"])).toEqual({ kind: "knowledge", removed: 1 });
  });

  it("reindexes with another encoder and searches with it", async () => {
    await index.add("knowledge", [
      { id: "a", text: "alpha" },
      { id: "b", text: "beta" },
    ]);
    const next = keywordEncoder({ name: "other", dimensions: 96, seed: 7 });
    expect(await index.reindex({ model: next })).toMatchObject({ model: "other", documents: 2 });
    await index.close();
    index = await open({ index: path, encoder: next });
    expect(await first("beta", "knowledge")).toMatchObject({ id: "b" });
    await index.close();
    index = await open({ index: path, encoder: keywordEncoder() });
    await expect(index.search("beta", { kind: "knowledge", method: "dense" })).rejects.toMatchObject({
      code: "fingerprint_mismatch",
    });
  });

  it("only reads when opened to read", async () => {
    await index.add("knowledge", [{ id: "a", text: "alpha" }]);
    await using reader = await open({ index: path, encoder: keywordEncoder(), readOnly: true });
    expect((await reader.search("alpha", { kind: "knowledge" })).hits).toHaveLength(1);
    await expect(reader.add("knowledge", [{ text: "beta" }])).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });

  it("stops when told to", async () => {
    await index.add("knowledge", [{ id: "a", text: "alpha" }]);
    const signal = AbortSignal.abort(new Error("enough"));
    const search = index.search("alpha", { kind: "knowledge", signal });
    await expect(search).rejects.toThrow("enough");
    await expect(index.augment("alpha", { signal })).rejects.toThrow("enough");
    await expect(index.add("knowledge", [{ text: "beta" }], { signal })).rejects.toThrow("enough");
  });

  it("tells what is committed", async () => {
    const committed: number[] = [];
    const records = Array.from({ length: 5 }, (_, at) => ({ id: `r${at}`, text: `text ${at}` }));
    await index.add("knowledge", records, { onCommit: (count) => committed.push(count) });
    expect(committed.at(-1)).toBe(5);
  });
});
