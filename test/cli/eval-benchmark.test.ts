/** Benchmarks with baselines, receipts and their verification from the command line. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { jsonOf, retrieveHere } from "./here.ts";

const samples = resolve(import.meta.dirname, "../../samples");
const folder = mkdtempSync(join(tmpdir(), "retrieve-benchmark-"));
beforeAll(() => void vi.stubEnv("HOME", folder));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe("eval beir", () => {
  it("runs all baselines at once, writes receipts that hold, and a report of them", async () => {
    const out = join(folder, "runs");
    const data = join(samples, "knowledge");
    const reports: { method: string; metrics: Record<string, number> }[] = await jsonOf([
      ...["eval", "beir", data, "--method", "all", "--method", "oracle", "--out", out],
    ]);
    const values = Object.fromEntries(
      reports.map(({ method, metrics }) => [method, metrics["nDCG@10"] ?? -1]),
    );
    expect(Object.keys(values)).toEqual(["random", "bm25", "dense", "hybrid", "oracle"]);
    expect(values["random"]).toBeLessThan(0.3);
    expect(values["oracle"]).toBe(1);
    const receipts = readdirSync(out).filter((name) => name.endsWith(".json"));
    expect(receipts).toHaveLength(5);
    const dense = join(out, receipts.find((name) => name.includes(".dense.")) ?? "");
    const verified = await jsonOf(["eval", "verify", dense, "--sample", "5"]);
    expect(verified).toMatchObject({ holds: true, sampled: 5, differences: [] });
    const page = join(folder, "report.html");
    expect(await jsonOf(["eval", "report", out, "--out", page])).toMatchObject({ out: page, runs: 5 });
    expect(readFileSync(page, "utf8")).toContain("nDCG@10");
    expect(existsSync(join(folder, "report.md"))).toBe(true);
    writeFileSync(dense, readFileSync(dense, "utf8").replace(/"nDCG@10": [\d.]+/, '"nDCG@10": 0.999'));
    const forged = await retrieveHere(["eval", "verify", dense, "--sample", "2"]);
    expect([forged.code, forged.stdout]).toEqual([
      1,
      expect.stringContaining("mean nDCG@10: the receipt says 0.999"),
    ]);
  });

  it("runs all sets of a folder, fails below a floor, and looks for the benchmark in training rows", async () => {
    const rows = join(folder, "rows.jsonl");
    const [first] = readFileSync(join(samples, "knowledge", "queries.jsonl"), "utf8").split("\n");
    writeFileSync(rows, `${JSON.stringify({ query: JSON.parse(first ?? "").text, pos: ["x"], neg: [] })}\n`);
    const args = ["eval", "beir", samples, "--method", "bm25", "--max-queries", "10", "--trained-on", rows];
    const { code, stdout, stderr } = await retrieveHere(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/set .*\n.*examples|knowledge/);
    expect(stderr).toContain("1 of 10 queries stand in the rows");
    const floor = await retrieveHere([...args, "--min", "nDCG@10=1.5"]);
    expect([floor.code, floor.stderr]).toEqual([1, expect.stringMatching(/below the wanted 1\.5/)]);
  });

  it.each([
    [["eval", "beir", join(folder, "nowhere")], 1, /no such file/],
    [["eval", "icl", join(samples, "examples")], 2, /--llm/],
    [["eval", "beir", join(samples, "knowledge"), "--method", "best"], 2, /wanted one of none, random/],
    [["eval", "verify", join(folder, "report.md")], 2, /not a receipt/],
  ])("refuses %j", async (args, wanted, message) => {
    const { code, stderr } = await retrieveHere(args);
    expect([code, stderr]).toEqual([wanted, expect.stringMatching(message)]);
  });
});
