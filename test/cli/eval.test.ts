/** Benchmarks from the command line, on the shipped samples. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { jsonOf, retrieveHere } from "./here.ts";

const samples = resolve(import.meta.dirname, "../../samples");
const knowledge = join(samples, "knowledge");
const folder = mkdtempSync(join(tmpdir(), "retrieve-eval-"));
// The vectors of a benchmark are kept below the home folder.
beforeAll(() => void vi.stubEnv("HOME", folder));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe("eval retrieval", () => {
  it("prints metrics, and a list where several methods are asked", async () => {
    const [bm25, hybrid] = await jsonOf([
      "eval",
      "retrieval",
      knowledge,
      "--method",
      "bm25",
      "--method",
      "hybrid",
    ]);
    expect(bm25).toMatchObject({ method: "bm25", model: null, queries: 53, corpus: 40 });
    expect(hybrid).toMatchObject({ method: "hybrid", model: "mini", queries: 53, corpus: 40 });
    for (const { metrics, seconds } of [bm25, hybrid]) {
      expect(seconds).toBeGreaterThan(0);
      for (const name of ["nDCG@10", "Recall@10", "MRR@10", "MAP"]) {
        expect(metrics[name]).toBeGreaterThan(0.5);
        expect(metrics[name]).toBeLessThanOrEqual(1);
      }
    }
  });

  it("writes a run that trec_eval reads, whatever the method", async () => {
    const run = join(folder, "bm25.run");
    const report = await jsonOf(["eval", "retrieval", knowledge, "--method", "bm25", "--run", run]);
    expect(report.method).toBe("bm25");
    const lines = readFileSync(run, "utf8").trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(53);
    let previous = { query: "", rank: 0, score: Number.NaN };
    for (const line of lines) {
      const [query = "", q0, document, rank, score, tag] = line.split(" ");
      expect([q0, tag]).toEqual(["Q0", "bm25"]);
      expect(document).toMatch(/^[\w-]+$/);
      const isFirst = query !== previous.query;
      expect(Number(rank)).toBe(isFirst ? 1 : previous.rank + 1);
      if (!isFirst) expect(Number(score)).toBeLessThan(previous.score);
      previous = { query, rank: Number(rank), score: Number(score) };
      expect(previous.rank).toBeLessThanOrEqual(100);
    }
  });

  it("fails below --min, after the report, and not above", async () => {
    const args = ["eval", "retrieval", knowledge, "--method", "bm25"];
    const high = await retrieveHere([...args, "--min", "nDCG@10=0.999"]);
    expect(high.code).toBe(1);
    expect(high.stdout).toMatch(/^model +method +.*nDCG@10/);
    expect(high.stderr).toMatch(/nDCG@10 of bm25 is 0\.\d+, below the wanted 0\.999/);
    expect((await retrieveHere([...args, "--min", "nDCG@10=0.1", "--min", "MAP=0.1"])).code).toBe(0);
    const unknown = await retrieveHere([...args, "--min", "Beauty@10=0.1"]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain("nDCG@10");
  });

  it("evaluates each --model", async () => {
    const tiny = resolve(import.meta.dirname, "../golden/tiny-bert");
    const args = ["eval", "retrieval", knowledge, "--method", "dense", "--model", tiny, "--model", "mini"];
    const [first, second] = await jsonOf(args);
    expect(first.model).toContain("tiny-bert");
    expect(second.model).toBe("mini");
    expect(first.metrics["nDCG@10"]).toBeLessThan(second.metrics["nDCG@10"]);
  });

  it("names what is missing in the folder", async () => {
    const { code, stderr } = await retrieveHere(["eval", "retrieval", folder, "--method", "bm25"]);
    expect(code).toBe(1);
    expect(stderr).toContain("qrels: no such file or folder");
  });
});

describe("eval memory", () => {
  it("ranks turns within a conversation", async () => {
    const report = await jsonOf(["eval", "memory", join(samples, "memory"), "--method", "bm25"]);
    expect(report).toMatchObject({ method: "bm25", queries: 57 });
    for (const name of ["Recall@5", "Recall@10", "Hit@5", "All@5"]) {
      expect(report.metrics[name]).toBeGreaterThan(0.2);
    }
    expect(report.metrics["Hit@5"]).toBeGreaterThanOrEqual(report.metrics["All@5"]);
  });
});
