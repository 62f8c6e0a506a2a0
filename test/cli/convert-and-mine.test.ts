/** Training rows from the command line: made of a data set, given hard negatives, and finished after kill -9 or a full disk. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Json, jsonOf, retrieveHere } from "./here.ts";

const samples = resolve(import.meta.dirname, "../../samples");
const main = resolve(import.meta.dirname, "../../dist/cli/main.js");
const tiny = resolve(import.meta.dirname, "../golden/tiny-bert");
const folder = mkdtempSync(join(tmpdir(), "retrieve-rows-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const place = (name: string): string => join(folder, name);
const knowledge = join(samples, "knowledge");
const corpus = join(knowledge, "corpus.jsonl");

function rowsOf(path: string): Json[] {
  return readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("convert", () => {
  it("prints counts, and writes rows", async () => {
    const out = place("knowledge.jsonl");
    const args = ["convert", "beir", knowledge, out, "--split", "test", "--negatives", "bm25:3"];
    expect(await jsonOf(args)).toEqual({ read: 53, kept: 53, dropped: {}, out });
    const rows = rowsOf(out);
    expect(rows).toHaveLength(53);
    for (const row of rows) {
      expect(row).toMatchObject({ task: "qa", query: expect.any(String), query_id: expect.any(String) });
      expect(row.neg.length).toBeLessThanOrEqual(3);
      for (const text of row.pos) expect(row.neg).not.toContain(text);
    }
  });

  it("tells a person in a line, and what was dropped in a table", async () => {
    const { code, stdout } = await retrieveHere([
      "convert",
      "memory",
      join(samples, "memory"),
      "rows.jsonl",
      "--split",
      "none",
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    const out = place("memory.jsonl");
    const done = await retrieveHere(["convert", "memory", join(samples, "memory"), out, "--split", "test"]);
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(done.stdout).toMatch(/memory\.jsonl: 57 rows of 57 queries\n$/);
    expect(rowsOf(out)[0]).toMatchObject({ task: "chat", neg: expect.objectContaining({ length: 15 }) });
  });

  it.each([
    ["an unknown data set", ["convert", "squad", "a", "b"], "beir, memory"],
    ["negatives of no kind", ["convert", "beir", "a", "b", "--negatives", "hard:7"], "bm25:15"],
    ["no negatives at all", ["convert", "beir", "a", "b", "--negatives", "bm25:0"], "bm25:15"],
  ])("refuses %s as wrong usage", async (_, args, wanted) => {
    const { code, stdout, stderr } = await retrieveHere(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(wanted);
  });

  it("names a folder that is not there", async () => {
    const { code, stderr } = await retrieveHere(["convert", "beir", place("nowhere"), place("none.jsonl")]);
    expect(code).toBe(1);
    expect(stderr).toContain(place("nowhere"));
    expect(existsSync(place("none.jsonl"))).toBe(false);
  });
});

describe("mine", () => {
  const rows = place("to-mine.jsonl");
  const convert = (): Promise<Json> => jsonOf(["convert", "beir", knowledge, rows, "--split", "test"]);

  it.each(["dense", "bm25", "hybrid", "random"])("adds negatives by %s", async (method) => {
    await convert();
    const out = place(`${method}.jsonl`);
    const args = [
      "mine",
      rows,
      "--corpus",
      corpus,
      "--out",
      out,
      "--method",
      method,
      "--negatives",
      "2",
      "--model",
      tiny,
    ];
    expect(await jsonOf(args)).toEqual({
      rows: 53,
      negatives: expect.any(Number),
      seconds: expect.any(Number),
    });
    const mined = rowsOf(out);
    expect(mined).toHaveLength(53);
    expect(mined.filter(({ neg }) => neg.length === 2).length).toBeGreaterThan(45);
  });

  it("tells a person in a line", async () => {
    await convert();
    const args = ["mine", rows, "--corpus", corpus, "--out", place("told.jsonl"), "--method", "random"];
    const { code, stdout, stderr } = await retrieveHere([...args, "--negatives", "2"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/told\.jsonl: 53 rows with 106 negatives \(2\.0 a row\) in \d+\.\d s\n$/);
  });

  it.each([
    ["no corpus", ["mine", "rows.jsonl", "--out", "out.jsonl"]],
    ["no file to write", ["mine", "rows.jsonl", "--corpus", "corpus.jsonl"]],
    ["a margin below zero", ["mine", "rows.jsonl", "--corpus", "c", "--out", "o", "--margin", "-1"]],
    ["an unknown method", ["mine", "rows.jsonl", "--corpus", "c", "--out", "o", "--method", "magic"]],
  ])("refuses %s as wrong usage", async (_, args) => {
    expect(await retrieveHere(args)).toMatchObject({ code: 2, stdout: "" });
  });

  it("names a broken row, and writes nothing", async () => {
    writeFileSync(
      place("broken.jsonl"),
      '{"query":"a","pos":["b"]}\n{"query":"a","pos":["b"],"teacher_scores":[NaN]}\n',
    );
    const args = [
      "mine",
      place("broken.jsonl"),
      "--corpus",
      corpus,
      "--out",
      place("unborn.jsonl"),
      "--method",
      "bm25",
    ];
    const { code, stderr } = await retrieveHere(args);
    expect(code).toBe(1);
    expect(stderr).toContain("broken.jsonl:2");
    expect(readdirSync(folder).filter((name) => name.startsWith("unborn"))).toEqual([]);
  });
});

describe("mine, cut off", () => {
  const words = (seed: number): string =>
    Array.from({ length: 12 }, (_, at) => `w${(seed * 31 + at * at * 7) % 400}`).join(" ");
  const lines = (values: readonly object[]): string =>
    values.map((value) => `${JSON.stringify(value)}\n`).join("");
  const args = [
    "mine",
    place("many-rows.jsonl"),
    "--corpus",
    place("many-documents.jsonl"),
    "--method",
    "bm25",
  ];
  const whole = place("whole.jsonl");

  beforeAll(async () => {
    const documents = Array.from({ length: 2000 }, (_, at) => ({ _id: `d${at}`, text: words(at) }));
    const rows = Array.from({ length: 3000 }, (_, at) => ({
      query: words(at * 3),
      pos: [words(at % 2000)],
      task: "qa",
    }));
    writeFileSync(place("many-documents.jsonl"), lines(documents));
    writeFileSync(place("many-rows.jsonl"), lines(rows));
    await jsonOf([...args, "--out", whole]);
  });

  const partialOf = (name: string): string | undefined =>
    readdirSync(folder).find((found) => found.startsWith(`${name}.`) && statSync(place(found)).size > 0);

  /** Runs it again: it must begin after some rows, and end in the file that a run without a break writes. */
  async function finish(name: string): Promise<void> {
    expect(existsSync(place(name))).toBe(false);
    const again = await retrieveHere([...args, "--out", place(name), "--json"]);
    expect(again.code).toBe(0);
    const [, done] = /goes on after (\d+) rows/.exec(again.stderr) ?? [];
    expect(Number(done)).toBeGreaterThanOrEqual(256);
    expect(Number(done)).toBeLessThan(3000);
    expect(readFileSync(place(name)).equals(readFileSync(whole))).toBe(true);
    expect(JSON.parse(again.stdout)).toMatchObject({ rows: 3000, negatives: 15 * 3000 });
    expect(partialOf(name)).toBeUndefined();
  }

  it("by kill -9, goes on to the same file", async () => {
    const command = [main, ...args, "--out", place("killed.jsonl"), "--quiet"];
    const child = spawn(process.execPath, command, { stdio: "ignore" });
    const ended = once(child, "close");
    while (partialOf("killed.jsonl") === undefined && child.exitCode === null) await delay(2);
    child.kill("SIGKILL");
    expect(await ended).toEqual([null, "SIGKILL"]);
    await finish("killed.jsonl");
  });

  it("by a full disk, says so, and goes on to the same file", async ({ skip }) => {
    if (process.platform === "win32") skip("needs a shell with ulimit");
    // The whole file has some 4 MB; ulimit counts in units of 1,024 bytes.
    const limited = `trap '' XFSZ; ulimit -f 1000; exec "$0" "$@"`;
    const command = [main, ...args, "--out", place("full.jsonl"), "--json"];
    const { status, stdout, stderr } = spawnSync("bash", ["-c", limited, process.execPath, ...command], {
      encoding: "utf8",
    });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "").error.code).toBe("disk");
    await finish("full.jsonl");
  });
});
