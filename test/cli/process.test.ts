/** What only a real process shows: pipes that close, Ctrl-C, kill -9. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { jsonOf } from "./here.ts";

const main = resolve(import.meta.dirname, "../../dist/cli/main.js");
const tiny = resolve(import.meta.dirname, "../golden/tiny-bert");
const folder = mkdtempSync(join(tmpdir(), "retrieve-process-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const corpus = join(folder, "corpus.jsonl");
const RECORDS = 2500;

beforeAll(() => {
  const rows = Array.from({ length: RECORDS }, (_, n) =>
    JSON.stringify({
      _id: `r${n}`,
      text: `record${n}`,
      metadata: { n },
    }),
  );
  writeFileSync(corpus, rows.join("\n"));
});

/** `retrieve add` of the corpus as a process that is underway. */
function startAdd(index: string, ...flags: string[]): ChildProcess & { stderr: NodeJS.ReadableStream } {
  const args = [main, "add", "knowledge", corpus, "--index", index, "--model", tiny, "--quiet", ...flags];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  if (child.stderr === null) throw new Error("no stderr");
  return Object.assign(child, { stderr: child.stderr });
}

/** Kills a writer once it has told `commits` commits; returns the records it told last. */
async function killAfter(commits: number, index: string): Promise<number> {
  const child = startAdd(index, "--json");
  const ended = once(child, "close");
  let told = 0;
  let count = 0;
  for await (const line of createInterface({ input: child.stderr })) {
    told = JSON.parse(line).committed;
    if (++count === commits) child.kill("SIGKILL");
  }
  await ended;
  expect(count).toBeGreaterThanOrEqual(commits);
  return told;
}

it("keeps every committed record through kill -9, and none twice", async () => {
  const at = ["--index", join(folder, "killed")];
  let before = 0;
  for (const commits of [1, 2, 3]) {
    const told = await killAfter(commits, join(folder, "killed"));
    expect(told).toBeGreaterThan(0);
    const { records, documents } = (await jsonOf(["status", ...at])).kinds.knowledge;
    expect(records).toBeGreaterThanOrEqual(before + told);
    expect(documents).toBe(records);
    const last = ["search", "record", "--kind", "knowledge", "--method", "bm25", "--top-k", "5", ...at];
    const words = `record0 record${before + told - 1}`;
    const { hits } = await jsonOf([...last.with(1, words)]);
    expect(hits.map(({ id }: { id: string }) => id).sort()).toEqual(["r0", `r${before + told - 1}`].sort());
    before = records;
  }
  const again = await jsonOf(["add", "knowledge", corpus, "--model", tiny, "--quiet", ...at]);
  expect(again).toMatchObject({ added: RECORDS - before, unchanged: before, updated: 0, removed: 0 });
  const { records, documents } = (await jsonOf(["status", ...at])).kinds.knowledge;
  expect({ records, documents }).toEqual({ records: RECORDS, documents: RECORDS });
});

it("ends on Ctrl-C with a sentence and exit 1; what was committed stays", async () => {
  const index = join(folder, "interrupted");
  const child = startAdd(index, "--json");
  const ended = once(child, "close");
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    if (lines.length === 1) child.kill("SIGINT");
  }
  expect(await ended).toEqual([1, null]);
  const last = JSON.parse(lines.at(-1) ?? "");
  expect(last).toEqual({
    error: { code: "interrupted", message: expect.stringContaining("committed stays") },
  });
  const told = JSON.parse(lines.at(-2) ?? "").committed;
  const { kinds } = await jsonOf(["status", "--index", index]);
  expect(kinds.knowledge.records).toBeGreaterThanOrEqual(told);
  expect(kinds.knowledge.records).toBeLessThan(RECORDS);
});

it("says nothing when the reader of its output goes away", async () => {
  const child = spawn(process.execPath, [
    main,
    "encode",
    "--side",
    "query",
    "--model",
    tiny,
    "--quiet",
    corpus,
  ]);
  const complaints = text(child.stderr);
  const ended = once(child, "close");
  child.stdout.once("data", () => child.stdout.destroy());
  expect(await ended).toEqual([0, null]);
  expect(await complaints).toBe("");
});
