/** Receipts read from the disk, and what is wrong with them in words. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readRuns } from "#src/eval/index.js";
import { receiptOf, resultOf, writeRun } from "../../support/benchmark-runs.ts";

const root = mkdtempSync(join(tmpdir(), "retrieve-runs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
function newFolder(): string {
  const folder = join(root, String(++folders));
  mkdirSync(folder);
  return folder;
}

const results = [resultOf("a", { "nDCG@10": 1 }), resultOf("b", { "nDCG@10": 0 })];

describe("readRuns", () => {
  it("reads a receipt, and the receipts of a folder by name, past other files", async () => {
    const folder = newFolder();
    writeRun(folder, "second", results, { method: "none" });
    const first = writeRun(folder, "first", results);
    writeFileSync(join(folder, "report.json"), `{"report":1}`);
    writeFileSync(join(folder, "notes.txt"), "x");
    const runs = await readRuns([folder]);
    expect(runs.map(({ name }) => name)).toEqual(["first", "second"]);
    expect(runs[0]).toMatchObject({ path: first, receipt: receiptOf(results), results });
    expect((await readRuns([first])).map(({ name }) => name)).toEqual(["first"]);
  });

  it("keeps of a query what a report shows", async () => {
    const long = "word ".repeat(1000);
    const retrieved = Array.from({ length: 100 }, (_, at) => ({ id: `d${at}`, score: -at, text: long }));
    const given = { query: `\u{1f600}${"a".repeat(198)}\u{1f600}b`, retrieved, gold: [long], output: long };
    const path = writeRun(newFolder(), "run", [resultOf("a", { "nDCG@10": 1 }, given)]);
    const [result] = (await readRuns([path]))[0]?.results ?? [];
    expect(result?.retrieved.map(({ id }) => id)).toEqual(["d0", "d1", "d2"]);
    for (const text of [result?.output, result?.gold?.[0], result?.retrieved[0]?.text]) {
      expect(text).toMatch(/^word word .*…$/);
      expect(text?.length).toBeLessThanOrEqual(200);
    }
    // Not cut through the last sign, which has two halves.
    expect(result?.query).toBe(`\u{1f600}${"a".repeat(197)}…`);
  });

  it.each<[string, string, string, (folder: string) => string]>([
    ["a path that is not there", "not_found", "no such file", (folder) => join(folder, "gone.json")],
    ["a folder without receipts", "not_found", "holds no receipts", (folder) => folder],
    [
      "results instead of a receipt",
      "invalid_argument",
      "not a receipt; name NAME.json",
      (folder) => `${writeRun(folder, "run", results)}l`,
    ],
    ["what is not JSON", "invalid_data", "not valid JSON", (folder) => fileOf(folder, "{")],
    [
      "JSON that is no receipt",
      "invalid_data",
      `not a receipt (field "`,
      (folder) => fileOf(folder, `{"a":1}`),
    ],
    [
      "a wrong field",
      "invalid_data",
      `field "data.sha256"`,
      (folder) =>
        fileOf(
          folder,
          JSON.stringify({ ...receiptOf(results), data: { name: "x", folder: "x", split: "" } }),
        ),
    ],
    [
      "a headline that is no metric",
      "invalid_data",
      `headline "MAP" is none of its metrics (nDCG@10)`,
      (folder) => fileOf(folder, JSON.stringify({ ...receiptOf(results), headline: "MAP" })),
    ],
    [
      "a newer format",
      "format_version",
      "a receipt of format 2; this version reads up to 1",
      (folder) => fileOf(folder, JSON.stringify({ ...receiptOf(results), format: 2 })),
    ],
    [
      "a newer format in a folder",
      "format_version",
      "a receipt of format 2",
      (folder) => {
        fileOf(folder, JSON.stringify({ format: 2, benchmark: "new", system: "changed" }));
        return folder;
      },
    ],
    [
      "no results beside the receipt",
      "not_found",
      "run.jsonl: no such file; the results of the queries belong beside their receipt",
      (folder) => fileOf(folder, JSON.stringify(receiptOf(results))),
    ],
    [
      "results that are cut",
      "invalid_data",
      "holds 1 queries, its receipt counts 2",
      (folder) => withResults(folder, results.slice(0, 1)),
    ],
    [
      "a query twice",
      "invalid_data",
      `run.jsonl:2: query "a" stands here twice`,
      (folder) => withResults(folder, [results[0], results[0]]),
    ],
    [
      "a broken result",
      "invalid_data",
      `run.jsonl:2: not the result of a query (field "metrics`,
      (folder) => withResults(folder, [results[0], { ...results[1], metrics: { "nDCG@10": null } }]),
    ],
  ])("refuses %s", async (_, code, message, prepare) => {
    await expect(readRuns([prepare(newFolder())])).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it("refuses a run twice, by path or by what it is", async () => {
    const folder = newFolder();
    const path = writeRun(folder, "one", results);
    await expect(readRuns([folder, path])).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("is given twice"),
    });
    writeRun(folder, "two", results, { date: "2026-02-02T00:00:00Z", seconds: 9 });
    await expect(readRuns([folder])).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining(`is the same run as ${path}`),
    });
  });

  it.each([
    ["seed", { seed: 1 }],
    ["settings", { config: { k: 3 } }],
    ["language model", { llm: "big" }],
    ["encoder", { method: "dense" as const, model: "mini", fingerprint: "f" }],
  ])("takes two runs that differ in their %s", async (_, given) => {
    const folder = newFolder();
    writeRun(folder, "one", results);
    writeRun(folder, "two", results, given);
    expect(await readRuns([folder])).toHaveLength(2);
  });
});

function fileOf(folder: string, content: string): string {
  const path = join(folder, "run.json");
  writeFileSync(path, content);
  return path;
}

/** A receipt of two queries with other results beside it. */
function withResults(folder: string, lines: readonly unknown[]): string {
  const path = writeRun(folder, "run", results);
  writeFileSync(`${path}l`, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  expect(readFileSync(`${path}l`, "utf8")).not.toBe("");
  return path;
}
