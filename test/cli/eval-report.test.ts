/** The report of benchmark runs from the command line. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { resultOf, writeRun } from "../support/benchmark-runs.ts";
import { jsonOf, retrieveHere } from "./here.ts";

const folder = mkdtempSync(join(tmpdir(), "retrieve-eval-report-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const runs = join(folder, "runs");
const results = [0.2, 0.4, 0.9].map((accuracy, at) => resultOf(`q${at}`, { accuracy }));
writeRun(runs, "none", results, { method: "none", headline: "accuracy", llm: "tiny.gguf" });
const bm25 = writeRun(runs, "bm25", results, { headline: "accuracy", llm: "tiny.gguf" });

describe("eval report", () => {
  it("writes the report and prints where it is", async () => {
    const out = join(folder, "report.html");
    const flags = ["--tiny-model", "tiny.gguf", "--seed", "5"];
    expect(await jsonOf(["eval", "report", runs, "--out", out, ...flags])).toEqual({
      ...{ out, runs: 2, seconds: expect.any(Number) },
    });
    const data = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
    expect(data).toMatchObject({ report: 1, seed: 5, runs: 2, tinyModels: ["tiny.gguf"] });
    expect(readFileSync(out, "utf8")).toContain("say only that the harness runs");
    const { stdout } = await retrieveHere(["eval", "report", bm25, "--out", out]);
    expect(stdout).toBe(`${out}: 1 run\n`);
  });

  it("asks for --out and runs, and writes nothing where a run is wrong", async () => {
    expect((await retrieveHere(["eval", "report", runs])).code).toBe(2);
    const out = join(folder, "none.html");
    expect((await retrieveHere(["eval", "report", "--out", out])).code).toBe(2);
    const gone = await retrieveHere(["eval", "report", join(folder, "gone"), "--out", out]);
    expect(gone).toMatchObject({ code: 1, stdout: "" });
    expect(gone.stderr).toContain("gone: no such file or folder");
    const ending = await retrieveHere(["eval", "report", runs, "--out", join(folder, "report.pdf")]);
    expect(ending.code).toBe(2);
    expect(ending.stderr).toContain("ends in .html");
    expect(existsSync(out)).toBe(false);
  });
});
