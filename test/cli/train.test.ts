/** Training from the command line, with a model of 32 dimensions. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf, retrieveHere } from "./here.ts";

const tiny = resolve(import.meta.dirname, "../golden/tiny-bert");
const main = resolve(import.meta.dirname, "../../dist/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "retrieve-train-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(folder, ...parts);

const words = [
  "fox",
  "four",
  "lazy",
  "path",
  "query",
  "brown",
  "cold",
  "dog",
  "jumps",
  "keeper",
  "org",
  "who",
];
const rows = words.map((word, place) => ({
  task: "qa",
  query: `${word} one`,
  pos: [`the ${word}`],
  neg: [`the ${words[(place + 1) % words.length]}`, `over ${words[(place + 5) % words.length]}`],
}));
const lines = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join("");
const linesOf = (path: string): ReturnType<typeof JSON.parse>[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

/** A short run; later flags win. */
const train = (out: string, ...flags: string[]): string[] => [
  ...["train", "--data", at("qa.jsonl"), "--base", tiny, "--out", at(out)],
  ...["--steps", "3", "--batch-size", "4", "--group-size", "2", ...flags],
];

beforeAll(() => {
  writeFileSync(at("qa.jsonl"), lines(rows));
  // A benchmark that gets worse as the rows are learnt: its gold are their negatives.
  mkdirSync(at("contrary/qrels"), { recursive: true });
  const documents = [...new Set(rows.flatMap(({ pos, neg }) => [...pos, ...neg.slice(1)]))];
  writeFileSync(
    at("contrary/corpus.jsonl"),
    lines(documents.map((doc) => ({ _id: doc.replace(" ", "-"), text: doc }))),
  );
  writeFileSync(
    at("contrary/queries.jsonl"),
    lines(rows.map(({ query }, place) => ({ _id: `q${place}`, text: query }))),
  );
  const judged = rows.map(({ neg }, place) => `q${place}\t${neg[1]?.replace(" ", "-")}\t1`);
  writeFileSync(at("contrary/qrels/dev.tsv"), ["query-id\tcorpus-id\tscore", ...judged].join("\n"));
});

describe("a run", () => {
  it("prints what it gave, and leaves a model that opens, a log and a page", async () => {
    const report = await jsonOf(train("model"));
    expect(Object.keys(report)).toEqual(["steps", "loss", "metrics", "seconds", "out"]);
    expect(report).toMatchObject({ steps: 3, metrics: null, out: at("model") });
    const log = linesOf(at("model/training/log.jsonl"));
    expect(log.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(report.loss).toBeCloseTo(log.reduce((sum, { loss }) => sum + loss, 0) / 3, 6);
    expect(readdirSync(at("model/training")).sort()).toEqual(
      ["log.jsonl", "loss.svg", "report.html", "report.json"].sort(),
    );
    const { dimensions, lineage } = await jsonOf(["models", "show", at("model")]);
    expect({ dimensions, step: lineage.step }).toEqual({ dimensions: 32, step: 3 });
  });

  it("takes settings from a file, which flags win over; a person reads where the page is", async () => {
    const config = {
      data: [at("qa.jsonl")],
      base: tiny,
      steps: 50,
      batchSize: 4,
      seed: 7,
      out: at("elsewhere"),
    };
    writeFileSync(at("run.json"), JSON.stringify(config));
    const flags = ["--out", at("from-file"), "--steps", "2", "--data", at("qa.jsonl"), at("qa.jsonl")];
    const { code, stdout } = await retrieveHere(["train", "--config", at("run.json"), ...flags], {
      columns: 80,
    });
    expect(code).toBe(0);
    expect(stdout).toContain("2 steps, loss ");
    expect(stdout).toContain("how it went: ");
    const page = readFileSync(at("from-file/training/report.html"), "utf8");
    expect(page).toMatch(/batchSize<\/t[dh]>\s*<td[^>]*>4</);
    expect(page).toContain("qa_1");
    expect(existsSync(at("elsewhere"))).toBe(false);
  });

  it("keeps the checkpoint that the evaluation finds best, and says so", async () => {
    const flags = ["--eval", at("contrary"), "--save-steps", "1", "--learning-rate", "0.02", "--warmup", "0"];
    const { code, stdout, stderr } = await retrieveHere([...train("best", ...flags), "--json"]);
    expect(code).toBe(0);
    const measured = linesOf(at("best/training/evaluations.jsonl"));
    expect(measured.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
    const scores = measured.slice(1).map(({ metrics }) => metrics["nDCG@10"]);
    const best = scores.indexOf(Math.max(...scores)) + 1;
    expect(best).toBeLessThan(3); // what is learnt is the contrary
    expect(stderr).toContain(`the model is that of step ${best}`);
    const { metrics } = JSON.parse(stdout);
    expect(metrics).toEqual(measured[best].metrics);
    const model = ["--model", at("best"), "--method", "dense"];
    const again = await jsonOf(["eval", "retrieval", at("contrary"), "--split", "dev", ...model]);
    expect(metrics["nDCG@10"]).toBeCloseTo(again.metrics["nDCG@10"], 5);
  });

  it("goes on after Ctrl-C from where it was", async () => {
    const command = train("interrupted", "--steps", "150", "--save-steps", "0");
    const child = spawn(process.execPath, [main, ...command], { stdio: ["ignore", "ignore", "pipe"] });
    const ended = once(child, "close");
    const said = text(child.stderr);
    const log = at("interrupted/training/log.jsonl");
    while (!existsSync(log) || readFileSync(log, "utf8") === "") await delay(20);
    child.kill("SIGINT");
    expect(await ended).toEqual([1, null]);
    expect(await said).toMatch(
      /interrupted; the steps so far are kept, run the same with --resume to go on\n$/,
    );
    const before = linesOf(log).length;
    expect(before).toBeLessThan(150);

    const refused = await retrieveHere(command);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("is not empty") });
    expect(await jsonOf([...command, "--resume"])).toMatchObject({ steps: 150 });
    expect(linesOf(log).map(({ step }) => step)).toEqual(Array.from({ length: 150 }, (_, step) => step + 1));
  });

  it("tells where there is nothing to resume, and begins", async () => {
    const { code, stderr } = await retrieveHere(train("fresh", "--resume"));
    expect(code).toBe(0);
    expect(stderr).toContain("there is no run to resume, a new one begins");
  });
});

describe("--dry-run", () => {
  it("tells what would be trained, and writes nothing", async () => {
    const before = readdirSync(folder);
    const plan = await jsonOf([...train("planned", "--steps", "6"), "--dry-run"]);
    expect(plan.data).toEqual([
      expect.objectContaining({
        name: "qa",
        task: "qa",
        rows: 12,
        scored: 0,
        losses: [{ kind: "contrastive" }],
      }),
    ]);
    expect(plan.tasks).toEqual([{ task: "qa", rows: 12, seen: 24, epochs: 2 }]);
    for (const name of ["tokensPerStep", "tokensPerSecond", "bytes"]) expect(plan[name]).toBeGreaterThan(0);
    const { code, stdout } = await retrieveHere(
      ["train", "--data", at("qa.jsonl"), "--model", tiny, "--batch-size", "4", "--dry-run"],
      { columns: 80 },
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^qa +qa +12 +0 +first +random +contrastive$/m);
    expect(stdout).toMatch(/^qa +12 +4000 +333.3$/m);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe("refuses", () => {
  it.each([
    ["lerningRate: 0.1", "there is no setting lerningRate; did you mean learningRate?"],
    ["tasks: { qa: { positiv: first } }", "there is no setting tasks.qa.positiv; did you mean positive?"],
    ["dropout: much", "dropout: "],
  ])("a configuration with %s, naming the file", async (setting, said) => {
    writeFileSync(at("wrong.yaml"), `${setting}\nseed: 1\n`);
    const { code, stderr } = await retrieveHere(train("refused", "--config", at("wrong.yaml")));
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(said) });
    expect(stderr).toContain("wrong.yaml");
  });

  it.each([
    ["a configuration that is not there", ["--config", at("nothing.yaml")], 1, "nothing.yaml"],
    ["a configuration that is a list", ["--config", at("qa-list.json")], 1, "holds no object"],
    ["a configuration of another kind", ["--config", at("qa.jsonl")], 2, ".json, .yaml or .yml"],
    ["a data set smaller than a batch", ["--batch-size", "13"], 2, "qa.jsonl has 12 rows, less than a batch"],
    ["a device that is not there", ["--device", "tpu"], 1, "there is no device tpu"],
    ["an evaluation that is not there", ["--eval", at("nowhere")], 1, "nowhere"],
    [
      "a metric that nothing measures",
      ["--eval", at("contrary"), "--metric", "nDGC@10"],
      2,
      "no metric nDGC@10",
    ],
    ["an unknown set of settings", ["--settings", "mine"], 2, "paper, reference, contrastive"],
    ["a learning rate of nothing", ["--learning-rate", "0"], 2, "learningRate"],
    ["a group without texts", ["--group-size", "0"], 2, "at least 1"],
  ])("%s, before anything is written", async (_name, flags, code, said) => {
    writeFileSync(at("qa-list.json"), "[1]");
    expect(await retrieveHere(train("refused", ...flags))).toEqual({
      code,
      stdout: "",
      stderr: expect.stringContaining(said),
    });
    expect(existsSync(at("refused"))).toBe(false);
  });

  it.each([
    ["--data ROWS", ["--out", at("refused")]],
    ["--out DIR", ["--data", at("qa.jsonl")]],
  ])("a command without %s", async (missing, flags) => {
    const { code, stderr } = await retrieveHere(["train", ...flags]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(`${missing} is missing`) });
  });
});
