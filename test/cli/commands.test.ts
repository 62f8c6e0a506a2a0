/** Every command on one small index: what it prints, and what it does. */

import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Json, jsonOf, retrieveHere } from "./here.ts";

const samples = resolve(import.meta.dirname, "../../samples");
const folder = mkdtempSync(join(tmpdir(), "retrieve-commands-"));
const place = (name: string): string => join(folder, name);
const at = ["--index", place("index")];

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

const passages = [
  {
    _id: "keys",
    title: "Keys",
    text: "Rotate the signing key every ninety days.",
    metadata: { lang: "en", year: 2020 },
  },
  {
    _id: "backup",
    title: "Backup",
    text: "Backups are taken at midnight.",
    metadata: { lang: "en", year: 2024 },
  },
  { _id: "zebra", text: "Das Zebra hat schwarze und weiße Streifen.", metadata: { lang: "de", year: 2022 } },
];
const turns = [
  {
    conversation: "boat",
    role: "user",
    text: "My boat is called Tern.",
    time: "2026-03-02T18:00:00Z",
    id: "1",
  },
  {
    conversation: "boat",
    role: "assistant",
    text: "A good name for a boat.",
    time: "2026-03-02T18:01:00Z",
    id: "2",
  },
  { conversation: "garden", role: "user", text: "My boat of flowers stands by the gate.", id: "1" },
];
/** A query that shares a word with each passage, so that BM25 finds all. */
const everything = "signing midnight zebra";
const examples = [
  { id: "e1", task: "Translate to French", input: "bread", output: "pain" },
  { id: "e2", task: "Translate to French", input: "milk", output: "lait" },
];

let service: { readonly host: string; readonly url: string; close(): Promise<void> };

beforeAll(async () => {
  service = await (await import(pathToFileURL(join(samples, "tools/service.mjs")).href)).startService();
  writeFileSync(place("passages.jsonl"), lines(passages));
  writeFileSync(place("turns.jsonl"), lines(turns));
  writeFileSync(place("examples.jsonl"), lines(examples));
  await jsonOf(["add", "knowledge", place("passages.jsonl"), ...at]);
  await jsonOf(["add", "memory", place("turns.jsonl"), ...at]);
  await jsonOf(["add", "examples", place("examples.jsonl"), ...at]);
  await jsonOf(["add", "tools", service.url, join(samples, "tools/functions.json"), ...at]);
});
afterAll(async () => {
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("add", () => {
  const own = ["--index", place("added")];
  const source = place("added.jsonl");

  it("counts what is new, unchanged, changed and vanished", async () => {
    writeFileSync(source, lines(passages));
    const first = await retrieveHere(["add", "knowledge", source, "--json", ...own]);
    expect(first.stderr).toBe('{"committed":3}\n');
    const report = { kind: "knowledge", added: 3, updated: 0, unchanged: 0, removed: 0 };
    expect(JSON.parse(first.stdout)).toEqual({ ...report, seconds: expect.any(Number) });

    const again = await jsonOf(["add", "knowledge", source, ...own]);
    expect(again).toMatchObject({ added: 0, updated: 0, unchanged: 3, removed: 0 });

    writeFileSync(source, lines([{ ...passages[0], text: "Keys never rotate." }]));
    const kept = await jsonOf(["add", "knowledge", source, ...own]);
    expect(kept).toMatchObject({ added: 0, updated: 1, unchanged: 0, removed: 0 });
    const synced = await jsonOf(["add", "knowledge", source, "--sync", ...own]);
    expect(synced).toMatchObject({ added: 0, updated: 0, unchanged: 1, removed: 2 });
    expect((await jsonOf(["status", ...own])).kinds.knowledge).toEqual({
      records: 1,
      documents: 1,
      task: "qa",
    });
  });

  it("tells a person in one line, and reads a folder", async () => {
    cpSync(resolve(samples, "README.md"), place("folder/guide.md"));
    const { code, stdout, stderr } = await retrieveHere(["add", "knowledge", place("folder"), ...own]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^knowledge: 1 added in \d+\.\d s\n$/);
  });
});

describe("search", () => {
  const search = (...args: string[]): Promise<Json> => jsonOf(["search", ...args, ...at]);

  it("prints query, kind and hits", async () => {
    const found = await search("how often must keys change", "--kind", "knowledge");
    expect(Object.keys(found)).toEqual(["query", "kind", "hits"]);
    expect(found).toMatchObject({ query: "how often must keys change", kind: "knowledge" });
    expect(found.hits[0]).toEqual({
      id: "keys",
      score: expect.any(Number),
      text: "Keys Rotate the signing key every ninety days.",
      value: expect.objectContaining({ text: "Rotate the signing key every ninety days." }),
      source: `${place("passages.jsonl")}:1`,
      metadata: { lang: "en", year: 2020 },
    });
  });

  it("finds in every kind", async () => {
    const first = async (query: string, kind: string): Promise<Json> =>
      (await search(query, "--kind", kind, "--top-k", "1")).hits[0];
    expect((await first("what is my boat called", "memory")).text).toContain("Tern");
    expect((await first("Translate to French\nmilk", "examples")).value).toMatchObject({ output: "lait" });
    expect((await first("sea distance between two ports", "tools")).id).toMatch(/getDistance$/);
  });

  it("keeps to --top-k and --filter", async () => {
    const ids = async (...args: string[]): Promise<string[]> =>
      (await search(everything, "--kind", "knowledge", "--method", "bm25", ...args)).hits.map(
        (hit: Json) => hit.id,
      );
    expect((await ids()).sort()).toEqual(["backup", "keys", "zebra"]);
    expect(await ids("--top-k", "2")).toHaveLength(2);
    expect(await ids("--filter", "lang = 'en' AND year >= 2021")).toEqual(["backup"]);
    expect(await ids("--filter", "NOT lang IN ('en', 'fr')")).toEqual(["zebra"]);
    expect(await ids("--filter", "lang = 'it'")).toEqual([]);
  });

  it("ranks by the asked method", async () => {
    const scores = async (method: string): Promise<number[]> =>
      (await search("signing", "--kind", "knowledge", "--method", method)).hits.map((hit: Json) => hit.score);
    expect(await scores("bm25")).toHaveLength(1);
    const dense = await scores("dense");
    expect(dense).toHaveLength(3);
    expect(Math.max(...dense)).toBeLessThan(1);
    expect(await scores("hybrid")).not.toEqual(dense);
  });

  it("narrows memory to a conversation", async () => {
    const texts = async (...args: string[]): Promise<string> =>
      JSON.stringify((await search("boat", "--kind", "memory", ...args)).hits);
    expect(await texts("--conversation", "boat")).not.toContain("flowers");
    expect(await texts()).toContain("flowers");
  });

  it("shows a person rank, score and text, in colour only on a terminal without NO_COLOR", async () => {
    const args = ["search", "key", "--kind", "knowledge", "--method", "bm25", ...at];
    const plain = await retrieveHere(args);
    expect(plain.stdout).toMatch(/^ 1 {2}-?\d\.\d{3} {2}keys .*\n {4}Keys Rotate the signing key/);
    expect(plain.stdout).not.toContain("\u001b");
    expect((await retrieveHere(args, { columns: 80 })).stdout).toContain("\u001b[");
    const off = await retrieveHere(args, { columns: 80, env: { NO_COLOR: "1" } });
    expect(off.stdout).toBe(plain.stdout);
  });

  it("says so when nothing is found", async () => {
    const { code, stdout } = await retrieveHere([
      "search",
      "qqq",
      "--kind",
      "knowledge",
      "--method",
      "bm25",
      ...at,
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "no knowledge found\n" });
  });
});

describe("augment", () => {
  const question = "What is my boat called, and how far is it from Marstal to Ystad?";

  it("prints messages, tokens and what was put in", async () => {
    const prompt = await jsonOf(["augment", question, ...at]);
    expect(prompt.messages.at(-1).role).toBe("user");
    expect(prompt.messages.at(-1).content).toContain(question);
    expect(prompt.messages.at(-1).content).toContain("Tern");
    expect(prompt.tokens).toBeGreaterThan(20);
    for (const item of prompt.items)
      expect(Object.keys(item).sort()).toEqual(["id", "kind", "score", "tokens"]);
    expect(new Set(prompt.items.map(({ kind }: { kind: string }) => kind)).size).toBe(4);
  });

  it("keeps to --kinds", async () => {
    const prompt = await jsonOf(["augment", question, "--kinds", "memory,examples", ...at]);
    const kinds = prompt.items.map(({ kind }: { kind: string }) => kind);
    expect([...new Set(kinds)].sort()).toEqual(["examples", "memory"]);
  });

  it("keeps to --conversation", async () => {
    const args = ["augment", "boat", "--kinds", "memory", "--conversation", "garden", ...at];
    const { messages } = await jsonOf(args);
    expect(messages.at(-1).content).toContain("flowers");
    expect(messages.at(-1).content).not.toContain("Tern");
  });

  it.each([40, 120, 300])("never exceeds --max-tokens %i", async (limit) => {
    const { tokens } = await jsonOf(["augment", question, "--max-tokens", String(limit), ...at]);
    expect(tokens).toBeLessThanOrEqual(limit);
  });
});

describe("call", () => {
  it("runs an allowed operation", async () => {
    const args = ["call", "getDistance", '{"from":"Marstal","to":"Ystad"}', "--allow", service.host, ...at];
    const called = await jsonOf(args);
    expect(Object.keys(called)).toEqual(["tool", "result", "seconds"]);
    expect(called.tool).toMatch(/getDistance$/);
    expect(called.result).toMatchObject({ nauticalMiles: 118.6 });
    expect(JSON.parse((await retrieveHere(args)).stdout)).toEqual(called.result);
  });
});

describe("status and delete", () => {
  it("counts, and removes by id", async () => {
    cpSync(place("index"), place("copy"), { recursive: true });
    const copy = ["--index", place("copy")];
    const status = await jsonOf(["status", ...copy]);
    expect(Object.keys(status)).toEqual(["index", "model", "bytes", "kinds"]);
    expect(status).toMatchObject({ index: place("copy"), model: "mini" });
    expect(status.bytes).toBeGreaterThan(1000);
    expect(status.kinds.knowledge).toEqual({ records: 3, documents: 3, task: "qa" });
    expect(status.kinds.tools).toEqual({ records: 20, documents: 20, task: "tool" });

    const removed = await jsonOf(["delete", "knowledge", "keys", "nothing", ...copy]);
    expect(removed).toEqual({ kind: "knowledge", removed: 1 });
    expect((await jsonOf(["status", ...copy])).kinds.knowledge.records).toBe(2);
    const { stdout } = await retrieveHere(["status", ...copy]);
    expect(stdout).toMatch(/kind +records +documents +task\nknowledge +2 +2 +qa\n/);
  });

  it("knows an index that is not there yet", async () => {
    expect(await jsonOf(["status", "--index", place("none")])).toMatchObject({ kinds: {} });
    const { stdout } = await retrieveHere(["status", "--index", place("none")]);
    expect(stdout).toContain("retrieve add knowledge");
  });
});

describe("flags", () => {
  it("come from the environment, and the command line wins", async () => {
    vi.stubEnv("RETRIEVE_INDEX", place("index"));
    vi.stubEnv("RETRIEVE_TOP_K", "2");
    vi.stubEnv("RETRIEVE_KIND", "knowledge");
    vi.stubEnv("RETRIEVE_METHOD", "bm25");
    vi.stubEnv("RETRIEVE_JSON", "1");
    try {
      const hits = async (...args: string[]): Promise<number> =>
        JSON.parse((await retrieveHere(["search", everything, ...args])).stdout).hits.length;
      expect(await hits()).toBe(2);
      expect(await hits("--top-k", "1")).toBe(1);
      vi.stubEnv("RETRIEVE_JSON", "0");
      expect((await retrieveHere(["search", everything])).stdout).toMatch(/^ 1 {2}/);
      vi.stubEnv("RETRIEVE_TOP_K", "none");
      const wrong = await retrieveHere(["search", everything]);
      expect(wrong.code).toBe(2);
      expect(wrong.stderr).toContain("RETRIEVE_TOP_K");
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
