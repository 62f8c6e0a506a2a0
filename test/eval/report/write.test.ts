/** A report on the disk: its page, its data, its Markdown. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type QueryResult, readRuns, summarise, writeReport } from "#src/eval/index.js";
import { createRandom } from "#src/std/index.js";
import { resultOf, writeRun } from "../../support/benchmark-runs.ts";
import { parseXml } from "../../support/well-formed.ts";

const root = mkdtempSync(join(tmpdir(), "retrieve-report-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const hostile = `</td></details><script>alert("x")</script> & 'so' | *b* \u0007\ud800`;

function queries(seed: number, count: number, headline: string, text: string): QueryResult[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, at) =>
    resultOf(
      `q${at}`,
      { [headline]: random(), other: random() },
      {
        query: text,
        group: `group ${at % 3}`,
        retrieved: Array.from({ length: 10 }, (_, rank) => ({ id: `${text}${rank}`, score: -rank, text })),
        gold: [text],
        output: text,
      },
    ),
  );
}

/** Two benchmarks without a language model, two with two models: 20 runs. */
function writeTwenty(folder: string, count: number, text: string, data = "set"): void {
  const systems = ["bm25", "dense", "hybrid", "none", "random"] as const;
  for (const [at, [benchmark, llm]] of [
    ["retrieval", null],
    ["memory", null],
    ["icl", "small.gguf"],
    ["icl", "tiny.gguf"],
  ].entries()) {
    for (const [place, method] of systems.entries()) {
      const model = method === "dense" || method === "hybrid" ? "mini" : null;
      writeRun(folder, `${at}-${method}`, queries(at * 10 + place, count, "score", text), {
        ...{ benchmark: benchmark ?? "", llm: llm ?? null, method, model, headline: "score" },
        groups: { "group 0": { score: 0.5 }, "group 1": { score: 0.25 } },
        config: { note: text },
        data: { name: data },
      });
    }
  }
}

describe("writeReport", () => {
  it("writes a page, its data and its Markdown side by side, and nothing else", async () => {
    const folder = join(root, "three");
    const runs = await readRuns([
      writeRun(join(folder, "runs"), "run", queries(1, 5, "score", "text"), { headline: "score" }),
    ]);
    const options = { seed: 3 };
    await writeReport(runs, join(folder, "page.html"), options);
    expect(readdirSync(folder).sort()).toEqual(["page.html", "page.json", "page.md", "runs"]);
    expect(JSON.parse(readFileSync(join(folder, "page.json"), "utf8"))).toEqual(summarise(runs, options));
    const page = readFileSync(join(folder, "page.html"), "utf8");
    await writeReport(runs, join(folder, "page.html"), options);
    expect(readFileSync(join(folder, "page.html"), "utf8")).toBe(page);
  });

  it("is well-formed, runs nothing and names nothing outside, whatever the texts", async () => {
    const folder = join(root, "hostile");
    writeTwenty(join(folder, "runs"), 4, hostile, `${hostile}\n# heading`);
    const runs = await readRuns([join(folder, "runs")]);
    const published = {
      benchmark: "icl",
      method: hostile,
      llm: hostile,
      metric: "score",
      value: 0.5,
      source: hostile,
    };
    await writeReport(runs, join(folder, "page.html"), { published: [published], tinyModels: ["tiny.gguf"] });
    const page = readFileSync(join(folder, "page.html"), "utf8");
    const { elements, texts } = parseXml(page);
    expect(elements.map(({ name }) => name)).not.toContain("script");
    expect(page).not.toMatch(/<script|<link|src=|href=|url\(|@import/);
    expect(texts.filter((text) => text.includes("<script>")).length).toBeGreaterThan(100);
    const markdown = readFileSync(join(folder, "page.md"), "utf8");
    expect(markdown).not.toMatch(/<script|<\/td|^# heading/m);
    const rows = markdown.split("\n").filter((line) => line.includes("published, "));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toContain("\\|");
  });

  it("keeps retrieval and language models in parts of their own, and says what tiny models say", async () => {
    const folder = join(root, "parts");
    writeTwenty(join(folder, "runs"), 12, "text");
    const runs = await readRuns([join(folder, "runs")]);
    const result = { benchmark: "icl", method: "BGE", llm: "Llama-2-7B", metric: "Score" };
    const published = [
      { ...result, value: 0.1234, source: "table 2" },
      { ...result, group: "Group 1", value: 0.4321, source: "table 2" },
    ];
    await writeReport(runs, join(folder, "page.html"), { tinyModels: ["tiny.gguf"], published });
    const { texts } = parseXml(readFileSync(join(folder, "page.html"), "utf8"));
    const placeOf = (start: string): number => texts.findIndex((text) => text.startsWith(start));
    const order = [
      "Retrieval alone",
      "retrieval: set (test)",
      "With a language model",
      "tiny.gguf has fewer",
      "Receipts",
    ];
    const places = order.map(placeOf);
    expect(places).toEqual([...places].sort((left, right) => left - right));
    expect(places).not.toContain(-1);
    expect(texts).toContain("not\u00a0judged");
    for (const text of ["0.1234", "published, table 2", "0.4321", "Failures to read", "others"]) {
      expect(texts).toContain(text);
    }
    const markdown = readFileSync(join(folder, "page.md"), "utf8");
    expect(markdown).toMatch(/^\| BGE +\| Llama-2-7B +\| 0\.1234 \|.*published, table 2/m);
    expect(markdown.indexOf("## Retrieval alone")).toBeLessThan(markdown.indexOf("## With a language model"));
    await writeReport(runs, join(folder, "other.html"));
    expect(readFileSync(join(folder, "other.html"), "utf8")).not.toMatch(/fewer than|not.judged/);
  });

  it("stays small with 20 runs of 300 queries with long texts", async () => {
    const folder = join(root, "many");
    writeTwenty(join(folder, "runs"), 300, "A long text about something or other. ".repeat(60));
    await writeReport(await readRuns([join(folder, "runs")]), join(folder, "page.html"));
    expect(statSync(join(folder, "page.html")).size).toBeLessThan(1_000_000);
  });

  it("refuses another ending, and to write over a receipt", async () => {
    const folder = join(root, "refused");
    const path = writeRun(folder, "run", queries(1, 3, "score", "x"), { headline: "score" });
    const before = readFileSync(path, "utf8");
    const runs = await readRuns([path]);
    await expect(writeReport(runs, join(folder, "page.pdf"))).rejects.toMatchObject({
      code: "invalid_argument",
    });
    await expect(writeReport(runs, join(folder, "run.html"))).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("would overwrite the receipt"),
    });
    expect(readFileSync(path, "utf8")).toBe(before);
    expect(readdirSync(folder).sort()).toEqual(["run.json", "run.jsonl"]);
  });
});
