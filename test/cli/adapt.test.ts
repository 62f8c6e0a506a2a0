/** Adaptation from the command line, with a model of 32 dimensions. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { serveCompletions } from "#src/serve/index.js";
import { nicknameRows, put, tinyAdaptation } from "../adapt/material.ts";
import { bigramModel } from "../support/bigram-model.ts";
import { jsonOf, retrieveHere } from "./here.ts";

const tiny = resolve(import.meta.dirname, "../golden/tiny-bert");
const main = resolve(import.meta.dirname, "../../dist/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "retrieve-adapt-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(folder, ...parts);

const { steps: _, ...training } = tinyAdaptation({ sources: [], out: "" }).training ?? {};
writeFileSync(at("training.json"), JSON.stringify(training));
const rows = put(folder, "rows.jsonl", nicknameRows());
const shuffled = put(folder, "shuffled.jsonl", nicknameRows({ shuffled: true }));
const guard = put(folder, "guard.jsonl", nicknameRows({ seed: 9, each: 4 }));

const adapt = (source: string, out: string, ...flags: string[]): string[] => [
  ...["adapt", source, "--base", tiny, "--out", at(out), "--guard", guard],
  ...["--config", at("training.json"), "--steps", "60", ...flags],
];

it("prints what was decided, and the model opens", async () => {
  const report = await jsonOf(adapt(rows, "accepted"));
  expect(Object.keys(report)).toEqual(["accepted", "metrics", "report"]);
  expect(report).toMatchObject({ accepted: true, report: at("accepted/adapt/report.html") });
  expect(report.metrics.qa).toMatchObject({ kind: "task", verdict: "better", queries: 20 });
  expect(report.metrics.guard.kind).toBe("guard");
  const { dimensions, lineage } = await jsonOf(["models", "show", at("accepted")]);
  expect({ dimensions, step: lineage.step }).toEqual({ dimensions: 32, step: 60 });
  expect(await jsonOf([...adapt(rows, "accepted"), "--resume"])).toEqual(report);
});

it("a refusal is a result, with a sentence; with --require-accept it fails", async () => {
  const told = await retrieveHere(adapt(shuffled, "refused"), { columns: 80 });
  expect(told.code).toBe(0);
  expect(told.stdout).toMatch(/^nDCG@10 on .*verdict$/m);
  expect(told.stdout).toMatch(/^qa +task +20 +0\.\d{4} +0\.\d{4} +\d\.\d{4} {2}\w/m);
  expect(told.stdout).toContain("refused: there is no new model\n");
  expect(told.stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  expect(told.stderr).toMatch(
    /refused: refused, there is no new model: it is significantly better on no task/,
  );
  expect(readdirSync(at("refused"))).toEqual(["adapt"]);

  const again = adapt(shuffled, "refused", "--resume", "--json");
  const printed = await retrieveHere(again);
  expect({ code: printed.code, accepted: JSON.parse(printed.stdout).accepted }).toEqual({
    code: 0,
    accepted: false,
  });
  const strict = await retrieveHere([...again, "--require-accept"]);
  expect(strict.code).toBe(1);
  expect(JSON.parse(strict.stdout).accepted).toBe(false);
  expect(strict.stderr).toContain("there is no new model");
});

it("asks the language model that --llm names, and says before training that it tells nothing apart", async () => {
  // Each token depends on the one before it alone, so no candidate makes an answer likelier than another.
  const server = await serveCompletions({ llm: bigramModel() });
  try {
    const asked = nicknameRows({ seed: 4 }).map(({ query, neg }) => ({
      ...{ task: "qa", query, history: neg, answers: ["is Rome"] },
    }));
    const llm = ["--llm", `openai:bigram@${server.url}`, "--cache", at("cache")];
    const { code, stderr } = await retrieveHere(
      adapt(put(folder, "unlabelled.jsonl", asked), "judged", ...llm),
    );
    expect(code).toBe(1);
    expect(stderr).toContain("bigram at ");
    expect(stderr).toContain("task qa: of 20 held-out rows only 0 can be measured");
    expect(existsSync(at("judged/adapt/candidate"))).toBe(false);
    expect(readdirSync(at("cache"))).not.toEqual([]);
  } finally {
    await server.close();
  }
});

it("goes on after Ctrl-C by the same command", async () => {
  const command = adapt(rows, "interrupted", "--steps", "400");
  const child = spawn(process.execPath, [main, ...command], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "close");
  const said = text(child.stderr);
  const log = at("interrupted/adapt/candidate/training/log.jsonl");
  while (!existsSync(log) || readFileSync(log, "utf8") === "") await delay(20);
  child.kill("SIGINT");
  expect(await ended).toEqual([1, null]);
  expect(await said).toMatch(/interrupted; what is done is kept, run the same with --resume to go on\n$/);

  expect(await retrieveHere(command)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("is not empty"),
  });
  const { code, stderr, stdout } = await retrieveHere([...command, "--resume"]);
  expect(code).toBe(0);
  expect(stderr).toContain("scoring: done before\n");
  expect(stdout).toContain("accepted: ");
});

it.each([
  ["a source that is not there", ["adapt", "nowhere.jsonl"], 1, "nowhere.jsonl"],
  ["a task without a source", ["adapt", "qa="], 1, "qa="],
  [
    "a source that gives no rows",
    ["adapt", put(folder, "short.jsonl", [{ text: "short" }])],
    1,
    "not one row",
  ],
  ["too few queries", ["adapt", put(folder, "few.jsonl", nicknameRows({ each: 3 }))], 1, "too few to decide"],
  ["a setting that does not exist", ["adapt", rows, "--config", at("wrong.json")], 2, "did you mean steps?"],
])("%s is refused before anything is written", async (_name, args, code, said) => {
  writeFileSync(at("wrong.json"), '{ "step": 3 }');
  expect(
    await retrieveHere([...args, "--base", tiny, "--guard", guard, "--out", at("nothing")]),
  ).toMatchObject({
    code,
    stdout: "",
    stderr: expect.stringContaining(said),
  });
  expect(existsSync(at("nothing"))).toBe(false);
});
