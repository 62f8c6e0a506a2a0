/** Adaptations of tiny-bert, for real: accepted, refused, and begun on what cannot end well. */

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
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type AdaptConfig, type AdaptHooks, type AdaptReport, adapt } from "#src/adapt/index.js";
import { queryKey } from "#src/adapt/split.js";
import { openEncoder } from "#src/encoder/index.js";
import { evaluateRows } from "#src/eval/index.js";
import type { Json } from "../cli/here.ts";
import { goldenFolder } from "../encoder/golden.ts";
import { copyingModel } from "../support/copying-model.mjs";
import { nicknameRows, put, tinyAdaptation } from "./material.ts";

const folder = mkdtempSync(join(tmpdir(), "adapt-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (...parts: string[]): string => join(folder, ...parts);
const linesOf = (path: string): Json[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
const guards = [{ path: put(folder, "guard.jsonl", nicknameRows({ seed: 9, each: 4 })) }];
const labelled = put(folder, "labelled.jsonl", nicknameRows());

function run(
  out: string,
  sources: readonly string[],
  config: Partial<AdaptConfig> = {},
  hooks: AdaptHooks = {},
): Promise<AdaptReport> {
  return adapt(
    tinyAdaptation({ sources: sources.map((path) => ({ path })), out: at(out), guards, ...config }),
    hooks,
  );
}

describe("labelled rows", () => {
  it("make a better encoder, which becomes the model", async () => {
    const notices: string[] = [];
    const report = await run("better", [labelled], {}, { onNotice: (notice) => notices.push(notice) });
    expect(report).toMatchObject({ accepted: true, report: at("better/adapt/report.html") });
    expect(report.metrics).toMatchObject({
      qa: { kind: "task", queries: 20, verdict: "better" },
      guard: { kind: "guard", queries: 32, verdict: "better" },
    });

    // The model is at OUT, and it is what was measured.
    expect(readdirSync(at("better")).sort()).toEqual(
      expect.arrayContaining(["adapt", "config.json", "model.safetensors", "retrieve.json", "training"]),
    );
    expect(existsSync(at("better/adapt/candidate"))).toBe(false);
    const file = at("better/adapt/held-out/qa.held-out.jsonl");
    for (const [model, mean] of [
      [join(goldenFolder, "tiny-bert"), report.metrics["qa"]?.before],
      [at("better"), report.metrics["qa"]?.after],
    ] as const) {
      await using encoder = await openEncoder(model);
      expect((await evaluateRows({ file, encoder })).metrics["nDCG@10"]).toBeCloseTo(mean ?? Number.NaN, 5);
    }
    const values = linesOf(at("better/adapt/evaluation/candidate/task-qa.jsonl"));
    expect(values).toHaveLength(20);
    const sum = values.reduce((all, line) => all + line["nDCG@10"], 0);
    expect(sum / 20).toBeCloseTo(report.metrics["qa"]?.after ?? Number.NaN, 10);

    // No query is on both sides, and none is lost.
    const held = linesOf(file).map(({ query }) => queryKey(query));
    const trained = linesOf(at("better/adapt/train/qa.labelled.jsonl")).map(({ query }) => queryKey(query));
    expect(held.filter((query) => trained.includes(query))).toEqual([]);
    expect(held.length + trained.length).toBe(96);

    const page = readFileSync(report.report, "utf8");
    for (const text of ["<h2>Accepted</h2>", "The rule", "lower by more than 0.01", "labelled.jsonl"])
      expect(page).toContain(text);
    expect(page).not.toContain("samples of this package");
    const machine = JSON.parse(readFileSync(at("better/adapt/report.json"), "utf8"));
    expect(machine).toMatchObject({ accepted: true, metrics: report.metrics, settings: { seed: 42 } });
    expect(machine.stages.train.result).toMatchObject({ steps: 60, batchSize: 16 });
  });

  it("with their answers shuffled are refused: no model at OUT, the weights stay with the report", async () => {
    const shuffled = put(folder, "shuffled.jsonl", nicknameRows({ shuffled: true }));
    const report = await run("refused", [shuffled]);
    expect(report.accepted).toBe(false);
    expect(report.reasons).toContain("it is significantly better on no task");
    expect(readdirSync(at("refused"))).toEqual(["adapt"]);
    await using encoder = await openEncoder(at("refused/adapt/candidate"));
    expect(encoder.dimensions).toBe(32);
    const page = readFileSync(report.report, "utf8");
    expect(page).toContain("<h2>Refused</h2>");
    expect(page).toContain("It is significantly better on no task.");
  });

  it("that teach a task at the cost of a guard are refused, and the guard is named", async () => {
    // What the guard wants is the contrary of what is learnt: not the record that is meant.
    const contrary = nicknameRows({ seed: 9, each: 4 }).map(({ query, pos, neg }) => ({
      task: "qa",
      query,
      pos: (neg as string[]).slice(0, 1),
      neg: pos,
    }));
    const config = { guards: [{ path: put(folder, "contrary.jsonl", contrary) }] };
    const { accepted, reasons, metrics } = await run("harmful", [labelled], config);
    expect(metrics["qa"]?.verdict).toBe("better");
    expect(metrics["contrary"]?.verdict).toBe("worse");
    expect({ accepted, reasons }).toEqual({
      accepted: false,
      reasons: [expect.stringMatching(/^it is worse by more than 0\.01 on contrary \(/)],
    });
  });
});

describe("rows in want of something", () => {
  it("get negatives: those that are measured from words and chance, not from the encoder", async () => {
    const bare = put(folder, "bare.jsonl", nicknameRows({ bare: true, task: "tool" }));
    const { accepted, metrics } = await run("mined", [bare]);
    expect(accepted).toBe(true);
    expect(metrics["tool"]).toMatchObject({ queries: 20, verdict: "better" });
    for (const row of linesOf(at("mined/adapt/held-out/tool.held-out.jsonl"))) {
      expect(new Set(row.neg).size).toBe(7); // all other records: ten by words and ten by chance are more than there are
      expect(row.neg).not.toContain(row.pos[0]);
    }
    const trained = linesOf(at("mined/adapt/train/tool.labelled.jsonl"));
    expect(trained.every(({ neg }) => neg.length > 0)).toBe(true);
  });

  it("get rewards: examples, conversations and documents, judged by a language model", async () => {
    const records = nicknameRows().map(({ query, pos }) => ({ input: query, output: pos[0] }));
    const examples = put(folder, "examples/train.jsonl", records);
    const said = nicknameRows({ seed: 3, each: 8 }).flatMap(({ query, pos }) => [
      { role: "user", text: query },
      { role: "assistant", text: pos[0] },
    ]);
    const chats = put(folder, "chats.jsonl", said);
    const story = said.concat(said).map(({ text }, number) => `${text} number ${number} and ${number * 7}`);
    mkdirSync(at("documents"), { recursive: true });
    for (let file = 0; file < 8; file++) {
      writeFileSync(at(`documents/${file}.md`), story.map((sentence) => `${file} ${sentence}`).join(".\n"));
    }
    const asked: string[] = [];
    let opened = 0;
    let closed = 0;
    const { metrics } = await run(
      "rewarded",
      [examples, chats, at("documents")],
      {
        llm: "any:model",
        training: { ...tinyAdaptation({ sources: [], out: "" }).training, tasks: { lrlm: { minSpread: 0 } } },
      },
      {
        openLanguageModel: async () => {
          opened++;
          return {
            ...copyingModel({ onAsk: (text: string) => asked.push(text) }),
            close: async () => void closed++,
          };
        },
      },
    );
    expect({ opened, closed }).toEqual({ opened: 1, closed: 1 });
    expect(Object.keys(metrics)).toEqual(["icl", "chat", "lrlm", "guard"]);
    for (const [task, candidates] of [
      ["icl", "neg"],
      ["chat", "history"],
      ["lrlm", "neg"],
    ] as const) {
      for (const file of [`train/${task}.scored.jsonl`, `held-out/${task}.held-out.jsonl`]) {
        for (const row of linesOf(at("rewarded/adapt", file))) {
          expect(row.teacher_scores).toHaveLength(row[candidates].length);
          expect(row.teacher).toMatchObject({ name: "likelihood", model: "copying" });
        }
      }
    }
    // An example with the same output holds it, so it is what the model finds helpful.
    const [row] = linesOf(at("rewarded/adapt/held-out/icl.held-out.jsonl"));
    const best = row.neg.filter((_: string, place: number) => row.teacher_scores[place] === -0.5);
    expect(best.every((text: string) => text.endsWith(row.answers[0]))).toBe(true);
    expect(asked.length).toBeGreaterThan(100);
  });
});

it("a language model that tells no candidate from another is refused before training", async () => {
  const asked = nicknameRows().map(({ query, neg }) => ({
    task: "qa",
    query,
    history: neg,
    answers: ["zebra crossing"],
  }));
  const source = put(folder, "alike.jsonl", asked);
  const openLanguageModel = async () => copyingModel();
  await expect(run("alike", [source], { llm: "any:model" }, { openLanguageModel })).rejects.toMatchObject({
    code: "invalid_data",
    message: expect.stringMatching(/^task qa: of 20 held-out rows only 0 can be measured/),
  });
  expect(existsSync(at("alike/adapt/candidate"))).toBe(false);
});

describe("what cannot end well is refused before any work, and leaves nothing", () => {
  const few = put(folder, "few.jsonl", nicknameRows({ each: 5 }));
  const unlabelled = put(
    folder,
    "unlabelled.jsonl",
    nicknameRows().map(({ query, neg, pos }) => ({ task: "qa", query, history: neg, answers: pos })),
  );
  const unjudged = put(folder, "unjudged.jsonl", [{ task: "tool", query: "q", history: ["a", "b"] }]);
  const short = put(folder, "short.jsonl", [{ text: "too short" }]);

  it.each([
    ["no source", [], {}, "invalid_argument", "no source"],
    ["a source that is not there", [at("nowhere")], {}, "not_found", "nowhere"],
    ["a source that gives no rows", [short], {}, "invalid_data", "short.jsonl: not one row: 1 too short"],
    ["an empty file", [put(folder, "empty.jsonl", [])], {}, "invalid_data", "empty.jsonl"],
    [
      "too few queries to decide",
      [few],
      {},
      "invalid_data",
      "task qa: 40 queries, 8 of them held out, are too few",
    ],
    ["no language model for rows without labels", [unlabelled], {}, "invalid_argument", "--llm"],
    [
      "rows that no language model can judge",
      [unjudged],
      { llm: "x:y" },
      "invalid_data",
      "1 rows of task tool",
    ],
    [
      "a guard that is not there",
      [labelled],
      { guards: [{ path: at("no-guard") }] },
      "not_found",
      "no-guard",
    ],
    ["no guard", [labelled], { guards: [] }, "invalid_argument", "no guard"],
    ["a base that is not there", [labelled], { base: at("no-base") }, "not_found", "no-base"],
    ["a margin out of range", [labelled], { margin: -1 }, "invalid_argument", "margin: got -1"],
    ["a share of everything", [labelled], { heldOut: 1 }, "invalid_argument", "heldOut: got 1"],
    [
      "an unknown setting of training",
      [labelled],
      { training: { stepz: 3 } },
      "invalid_argument",
      "did you mean steps",
    ],
  ] as const)("%s", async (_name, sources, config, code, said) => {
    await expect(run("nothing", sources, config as Partial<AdaptConfig>)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(said),
    });
    expect(existsSync(at("nothing"))).toBe(false);
  });

  it("a task that the encoder has no instructions for", async () => {
    const sources = [{ path: labelled, task: "cooking" }];
    await expect(adapt(tinyAdaptation({ sources, out: at("nothing"), guards }))).rejects.toThrow(
      /has no instructions for task cooking; wanted one of qa, /,
    );
    expect(existsSync(at("nothing"))).toBe(false);
  });
});

describe("a folder", () => {
  it("that is not empty is refused, and one is resumed by the same settings alone", async () => {
    const stop = new AbortController();
    const onStep = (): void => stop.abort(new Error("enough"));
    const aborted = run("resumed", [labelled], {}, { onStep, signal: stop.signal });
    await expect(aborted).rejects.toThrow("enough");
    await expect(run("resumed", [labelled])).rejects.toThrow(/is not empty; .*--resume/);
    await expect(run("resumed", [labelled], { margin: 0.5 }, { resume: true })).rejects.toThrow(
      /began with other settings: margin \(0\.01 then, 0\.5 now\)/,
    );
    put(folder, "foreign/notes.jsonl", []);
    await expect(run("foreign", [labelled], {}, { resume: true })).rejects.toThrow("holds no adaptation");
    const stages: string[] = [];
    const onStage = (stage: string, state: string): void => void stages.push(`${stage} ${state}`);
    expect((await run("resumed", [labelled], {}, { resume: true, onStage })).accepted).toBe(true);
    expect(stages.slice(3, 6)).toEqual(["score done before", "train begins", "evaluate begins"]);
  });
});
