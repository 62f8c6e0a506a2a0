/** What goes wrong at the edges: each a clear sentence, the right exit code, no stack, nothing lost. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { open } from "#src/index.js";
import { jsonOf, retrieveHere } from "./here.ts";

const tiny = resolve(import.meta.dirname, "../golden/tiny-bert");
const folder = mkdtempSync(join(tmpdir(), "retrieve-bad-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const place = (name: string): string => join(folder, name);
const at = ["--index", place("index")];

/** Writes a file and returns where. */
function file(name: string, text: string): string {
  writeFileSync(place(name), text);
  return place(name);
}

/** A command that must fail: its exit code and sentence, the same with and without `--json`. */
async function failure(...args: string[]): Promise<{ code: number; error: string; message: string }> {
  const { code, stdout, stderr } = await retrieveHere([...args, "--quiet"]);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^retrieve: /);
  expect(stderr).not.toMatch(/^\s+at /m);
  const asked = await retrieveHere([...args, "--json", "--quiet"]);
  expect(asked).toMatchObject({ code, stdout: "" });
  const { error } = JSON.parse(asked.stderr);
  expect(stderr).toBe(`retrieve: ${error.message}\n`);
  return { code, error: error.code, message: error.message };
}

beforeAll(async () => {
  const source = file("good.jsonl", '{"_id":"a","text":"A zebra","metadata":{"year":2020}}\n');
  const tools = resolve(import.meta.dirname, "../../samples/tools");
  const openapi = JSON.parse(readFileSync(join(tools, "openapi.json"), "utf8"));
  const api = file("api.json", JSON.stringify({ ...openapi, servers: [{ url: "https://harbour.test" }] }));
  await jsonOf(["add", "knowledge", source, "--model", tiny, ...at]);
  await jsonOf(["add", "tools", api, join(tools, "functions.json"), ...at]);
});

describe("sources", () => {
  it("a missing file", async () => {
    const missing = await failure("add", "knowledge", place("missing.md"), ...at);
    expect(missing).toMatchObject({ code: 1, error: "not_found" });
    expect(missing.message).toContain(place("missing.md"));
  });

  it.each([
    ["knowledge", '{"text":"fine"}\n{"text": broken}\n', "invalid_data"],
    ["knowledge", '{"text":"fine"}\n{"title":"no text"}\n', "invalid_data"],
    ["memory", '{"role":"user","text":"fine"}\n{"role":"user"}\n', "invalid_data"],
    ["examples", '{"input":"a","output":"b"}\n{"input":"a"}\n', "invalid_data"],
  ])("a broken line of %s: %s", async (kind, text, code) => {
    const path = file("broken.jsonl", text);
    const broken = await failure("add", kind, path, "--index", place("broken-index"));
    expect(broken).toMatchObject({ code: 1, error: code });
    expect(broken.message).toContain(`${path}:2`);
  });

  it.each(["knowledge", "memory", "examples"])("an empty corpus file of %s", async (kind) => {
    const path = file("empty.jsonl", "");
    const args = ["add", kind, path, "--index", place("empty-index"), "--model", tiny];
    const empty = await failure(...args);
    expect(empty).toMatchObject({ code: 1, error: "invalid_data" });
    expect(empty.message).toContain(`${path}: no records`);
    // It may be what is left of a source.
    expect(await jsonOf([...args, "--sync"])).toMatchObject({ added: 0, unchanged: 0 });
    const searched = await jsonOf(["search", "x", "--kind", kind, "--index", place("empty-index")]);
    expect(searched.hits).toEqual([]);
  });

  it("a URL under --offline", async () => {
    const refused = await failure("add", "tools", "http://127.0.0.1:9/api.yaml", "--offline", ...at);
    expect(refused).toMatchObject({ code: 1, error: "offline" });
  });

  it("what describes no tools", async () => {
    const wrong = await failure("add", "tools", file("no-tools.json", '{"a": 1}'), ...at);
    expect(wrong).toMatchObject({ code: 1, error: "invalid_data" });
    expect(wrong.message).toContain("OpenAPI");
  });

  it("leaves what was there", async () => {
    expect((await jsonOf(["status", ...at])).kinds.knowledge.records).toBe(1);
  });
});

describe("the index", () => {
  it("that is not there: says how to make one", async () => {
    for (const args of [
      ["search", "x", "--kind", "tools"],
      ["augment", "x"],
      ["call", "t", "{}"],
    ]) {
      const absent = await failure(...args, "--index", place("nowhere"));
      expect(absent).toMatchObject({ code: 1, error: "not_found" });
      expect(absent.message).toContain("retrieve add");
    }
  });

  it("of another encoder: names the command that helps, for reading and for writing", async () => {
    const read = await failure("search", "x", "--kind", "knowledge", "--model", "mini", ...at);
    expect(read).toMatchObject({ code: 1, error: "fingerprint_mismatch" });
    expect(read.message).toContain("retrieve reindex --model mini");
    const more = file("more.jsonl", '{"_id":"b","text":"More."}\n');
    const written = await failure("add", "knowledge", more, "--model", "mini", ...at);
    expect(written).toMatchObject({ code: 1, error: "fingerprint_mismatch" });
    expect((await jsonOf(["status", ...at])).kinds.knowledge.records).toBe(1);
  });

  it("of another precision: names the flag", async () => {
    const own = ["--index", place("precise"), "--model", tiny];
    const search = ["search", "x", "--kind", "knowledge", ...own];
    await jsonOf(["add", "knowledge", place("good.jsonl"), "--precision", "int8", ...own]);
    const stored = await failure(...search);
    expect(stored).toMatchObject({ code: 1, error: "fingerprint_mismatch" });
    expect(stored.message).toContain("--precision");
    expect((await jsonOf([...search, "--precision", "int8"])).hits).toHaveLength(1);
  });

  it("is moved to another encoder by reindex, and stays usable without --model", async () => {
    const moving = ["--index", place("moving")];
    await jsonOf(["add", "knowledge", place("good.jsonl"), "--model", tiny, ...moving]);
    const moved = await jsonOf(["reindex", "--model", "mini", ...moving]);
    expect(moved).toEqual({ model: "mini", documents: 1, seconds: expect.any(Number) });
    const { hits } = await jsonOf(["search", "animals", "--kind", "knowledge", ...moving]);
    expect(hits[0]).toMatchObject({ id: "a", value: expect.anything(), metadata: { year: 2020 } });
    expect(await jsonOf(["add", "knowledge", place("good.jsonl"), ...moving])).toMatchObject({
      unchanged: 1,
    });
  });

  it("of a newer version: refused, and left as it is", async () => {
    mkdirSync(place("newer"));
    const manifest = '{"format":999,"of":"tomorrow"}';
    writeFileSync(place("newer/index.json"), manifest);
    for (const args of [["status"], ["add", "knowledge", place("good.jsonl")]]) {
      const newer = await failure(...args, "--index", place("newer"));
      expect(newer).toMatchObject({ code: 1, error: "format_version" });
    }
    expect(readFileSync(place("newer/index.json"), "utf8")).toBe(manifest);
  });

  it("under another writer: refused with its process, readers are not; --wait waits", async () => {
    const first = await open({ index: place("index") });
    const more = file("second.jsonl", '{"_id":"c","text":"Second writer."}\n');
    try {
      const locked = await failure("add", "knowledge", more, ...at);
      expect(locked).toMatchObject({ code: 1, error: "locked" });
      expect(locked.message).toContain(`process ${process.pid}`);
      expect(locked.message).toContain("--wait");
      expect((await jsonOf(["status", ...at])).kinds.knowledge.records).toBe(1);
    } catch (error) {
      await first.close();
      throw error;
    }
    const waiting = retrieveHere(["add", "knowledge", more, "--wait", ...at]);
    await new Promise((done) => setTimeout(done, 300));
    await first.close();
    const { code, stderr } = await waiting;
    expect({ code, waited: stderr.includes("waiting: process") }).toEqual({ code: 0, waited: true });
    expect(await jsonOf(["delete", "knowledge", "c", ...at])).toEqual({ kind: "knowledge", removed: 1 });
  });
});

describe("questions", () => {
  it("a filter that does not parse: shows where", async () => {
    const wrong = await failure("search", "x", "--kind", "knowledge", "--filter", "year >> 3", ...at);
    expect(wrong).toMatchObject({ code: 2, error: "invalid_argument" });
    expect(wrong.message).toMatch(/position 7[\s\S]*year >> 3\n +\^/);
  });

  it("an empty question", async () => {
    expect(await failure("search", " ", "--kind", "knowledge", ...at)).toMatchObject({ code: 2 });
  });

  it("a question longer than the budget", async () => {
    const long = await failure("augment", "word ".repeat(50), "--max-tokens", "20", ...at);
    expect(long).toMatchObject({ code: 2, error: "invalid_argument" });
  });

  it("an unknown model", async () => {
    const unknown = await failure(
      "search",
      "x",
      "--kind",
      "knowledge",
      "--model",
      "maxi",
      "--offline",
      ...at,
    );
    expect(unknown.code).toBe(1);
    expect(unknown.message).toContain("maxi");
  });
});

describe("tools", () => {
  it("unknown", async () => {
    const unknown = await failure("call", "fly", "{}", ...at);
    expect(unknown).toMatchObject({ code: 1, error: "not_found" });
    expect(unknown.message).toContain("fly");
  });

  it("not allowed: names what to allow", async () => {
    const distance = '{"from":"Marstal","to":"Ystad"}';
    const refused = await failure("call", "getDistance", distance, "--allow", "example.com", ...at);
    expect(refused).toMatchObject({ code: 1, error: "not_allowed" });
    expect(refused.message).toContain("--allow harbour.test");
  });

  it("arguments against the schema: names the field", async () => {
    const wrong = await failure(
      "call",
      "create_event",
      '{"title":"x","minutes":"ten"}',
      "--allow",
      "create_event",
      ...at,
    );
    expect(wrong).toMatchObject({ code: 2, error: "invalid_argument" });
    expect(wrong.message).toMatch(/minutes/);
    expect(wrong.message).toMatch(/start/);
  });
});
