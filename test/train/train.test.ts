/** Runs as a whole: what they leave behind, what they measure, and everything that they refuse. */

import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Encoder, openEncoder } from "#src/encoder/index.js";
import { parseSafetensors } from "#src/tensor/index.js";
import { type LogEntry, type TrainConfig, type TrainHooks, train } from "#src/train/index.js";
import { makeRows, tinyRun, writeRows } from "./rows.ts";

const folder = mkdtempSync(join(tmpdir(), "retrieve-train-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const rows = writeRows(folder, "qa", makeRows());
const configOf = (out: string, given: Partial<TrainConfig> = {}): TrainConfig =>
  tinyRun({ data: [rows], out: join(folder, out), ...given });
const refusal = (code: string, ...parts: string[]): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(new RegExp(parts.join(".*"), "s")) });
const checkpointsOf = (out: string): string[] =>
  readdirSync(join(folder, out, "training", "checkpoints")).sort();
const weightsOf = (path: string) => parseSafetensors(readFileSync(join(path, "model.safetensors"))).tensors;
const logOf = (out: string): LogEntry[] =>
  readFileSync(join(folder, out, "training", "log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** Evaluations that give these scores, in turn. */
function scores(...values: number[]): NonNullable<TrainHooks["evaluate"]> {
  const left = [...values];
  return async () => ({ score: left.shift() ?? Number.NaN, other: 1 });
}

/** The arguments of a run that was interrupted after `step`. */
async function interruptAt(step: number, config: TrainConfig, hooks: TrainHooks = {}): Promise<void> {
  const stop = new AbortController();
  const signal = {
    ...hooks,
    signal: stop.signal,
    onStep: (entry: LogEntry) => entry.step === step && stop.abort(),
  };
  await expect(train(config, signal)).rejects.toMatchObject({ name: "AbortError" });
}

describe("a run", () => {
  it("leaves a model, its log and its report, and learns", async () => {
    const config = configOf("learns", { steps: 40, saveSteps: 0, learningRate: 3e-3 });
    const report = await train(config);
    const log = logOf("learns");
    const mean = (entries: readonly LogEntry[]): number =>
      entries.reduce((sum, { loss }) => sum + loss, 0) / entries.length;
    expect(log.map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
    expect(mean(log.slice(-6))).toBeLessThan(0.7 * mean(log.slice(0, 6)));
    expect(report).toMatchObject({ steps: 40, metrics: null, out: config.out });
    expect(report.loss).toBeCloseTo(mean(log), 10); // fewer than 50
    expect(readdirSync(join(config.out, "training")).sort()).toEqual(
      ["log.jsonl", "loss.svg", "report.html", "report.json"].sort(),
    );
    const lineage = JSON.parse(readFileSync(join(config.out, "retrieve.json"), "utf8")).lineage;
    expect(lineage).toMatchObject({ base: config.base, step: 40, data: [{ task: "qa", rows: 24 }] });
    await using encoder = await openEncoder(config.out);
    expect((await encoder.encodeQueries(["the old lighthouse"]))[0]?.length).toBe(32);
  });

  it("refuses a folder that is not empty, and resumes none that holds no run", async () => {
    const out = join(folder, "taken");
    writeRows(out, "own", makeRows());
    await expect(train(configOf("taken"))).rejects.toEqual(refusal("invalid_argument", "taken", "not empty"));
    await expect(train(configOf("taken"), { resume: true })).rejects.toEqual(
      refusal("invalid_argument", "taken", "no run to resume"),
    );
    expect(readdirSync(out)).toEqual(["own.jsonl"]);
  });

  it("takes back what was logged after the last checkpoint", async () => {
    const config = configOf("log");
    await interruptAt(3, config);
    writeFileSync(
      join(config.out, "training", "log.jsonl"),
      `${[...logOf("log"), { step: 4, loss: 1 }].map((entry) => JSON.stringify(entry)).join("\n")}\n{"step": 5, "lo`,
    );
    await train(config, { resume: true });
    expect(logOf("log").map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe("resuming", () => {
  it("refuses other settings by name and other data, and lets what changes nothing change", async () => {
    const own = writeRows(folder, "own", makeRows({ seed: 3 }));
    const config = configOf("settings", { data: [own] });
    await interruptAt(2, config);
    const resume = (given: Partial<TrainConfig>) => train({ ...config, ...given }, { resume: true });
    await expect(resume({ learningRate: 2e-3 })).rejects.toEqual(
      refusal("invalid_argument", "learningRate \\(0.001 then, 0.002 now\\)"),
    );
    await expect(resume({ lora: { rank: 2, alpha: 4, targets: ["query"] } })).rejects.toEqual(
      refusal("invalid_argument", "lora \\(null then"),
    );
    const { instructions: _, ...without } = config;
    await expect(train(without, { resume: true })).rejects.toEqual(
      refusal("invalid_argument", 'instructions \\("none" then, not given now\\)'),
    );
    writeRows(folder, "own", makeRows({ seed: 4 }));
    await expect(resume({})).rejects.toEqual(refusal("invalid_argument", "the content of the data"));
    writeRows(folder, "own", makeRows({ seed: 3 }));
    const sorted = { document: 24, query: 24 }; // the same, written in another order
    const report = await resume({ saveSteps: 3, threads: 2, maxTokens: sorted });
    expect(report.steps).toBe(6);
    await expect(resume({ steps: 7 })).rejects.toEqual(
      refusal("invalid_argument", "steps \\(6 then, 7 now\\)"),
    );
    expect(await resume({})).toEqual(report);
  });

  it("refuses a base whose weights have changed", async () => {
    const base = join(folder, "base");
    cpSync(configOf("rebased").base, base, { recursive: true });
    const config = configOf("rebased", { base });
    await interruptAt(2, config);
    const weights = readFileSync(join(base, "model.safetensors"));
    weights[weights.length - 1] = (weights.at(-1) ?? 0) ^ 1; // the sign or exponent of the last number
    writeFileSync(join(base, "model.safetensors"), weights);
    await expect(train(config, { resume: true })).rejects.toEqual(
      refusal("invalid_argument", "the weights of the base"),
    );
  });

  it("lets one run at a time into a folder", async () => {
    const config = configOf("twice");
    let second: Promise<unknown> = Promise.resolve();
    const onStep = ({ step }: LogEntry): void => {
      if (step === 1) second = train(config, { resume: true }).catch((error: unknown) => error);
    };
    expect((await train(config, { onStep })).steps).toBe(6);
    expect(await second).toEqual(refusal("locked", `process ${process.pid}`));
    expect(readdirSync(config.out)).not.toContain(".lock");
  });

  it.each([
    [
      "training.safetensors cut",
      (path: string) => truncateSync(join(path, "training.safetensors"), 50_000),
      "no complete safetensors",
    ],
    ["training.safetensors gone", (path: string) => rmSync(join(path, "training.safetensors")), "missing"],
    ["state.json cut", (path: string) => truncateSync(join(path, "state.json"), 20), "no valid JSON"],
    [
      "state.json of something else",
      (path: string) => writeFileSync(join(path, "state.json"), "{}"),
      "not the state",
    ],
  ])("says what to do about a damaged checkpoint: %s", async (name, damage, fault) => {
    const config = configOf(`damaged ${name}`);
    await interruptAt(5, config);
    const whole = configOf("undamaged");
    if (!existsSync(whole.out)) await train(whole);
    const newest = join(config.out, "training", "checkpoints", "step-00000005");
    damage(newest);
    await expect(train(config, { resume: true })).rejects.toEqual(
      refusal(
        "invalid_data",
        "step-00000005",
        fault,
        "remove",
        "step-00000005",
        "resume goes on from the one before",
      ),
    );
    rmSync(newest, { recursive: true });
    await train(config, { resume: true });
    expect(logOf(`damaged ${name}`).map(({ loss }) => loss)).toEqual(
      logOf("undamaged").map(({ loss }) => loss),
    );
  });

  it("begins again, and says so, where there is no checkpoint yet", async () => {
    const notices: string[] = [];
    const hooks = { resume: true, onNotice: (notice: string) => notices.push(notice) };
    await train(configOf("fresh", { steps: 1 }), hooks);
    expect(notices).toContainEqual(expect.stringContaining("there is no run to resume"));
  });
});

describe("evaluation", () => {
  it("measures the base first, keeps the best checkpoint and makes it the model", async () => {
    const notices: string[] = [];
    const seen: Promise<readonly Float32Array[]>[] = [];
    const given = scores(0.1, 0.5, 0.9, 0.3);
    const evaluate = async (encoder: Encoder) => {
      seen.push(encoder.encodeQueries(["the old lighthouse"]));
      await seen.at(-1);
      return await given(encoder);
    };
    const config = configOf("best");
    const report = await train(config, { evaluate, onNotice: (notice) => notices.push(notice) });
    expect(report).toMatchObject({ steps: 6, metrics: { score: 0.9, other: 1 } });
    expect(notices).toContainEqual(expect.stringContaining("that of step 4, the best by score"));
    const [base, , best, last] = await Promise.all(seen);
    await using encoder = await openEncoder(config.out);
    expect(await encoder.encodeQueries(["the old lighthouse"])).toEqual(best);
    expect(best).not.toEqual(last);
    await using untrained = await openEncoder(config.base);
    expect(await untrained.encodeQueries(["the old lighthouse"])).toEqual(base);
  });

  it("stops after as many evaluations without a better one as patience has", async () => {
    const config = configOf("patience", { steps: 20, patience: 2 });
    const report = await train(config, { evaluate: scores(0.1, 0.2, 0.5, 0.4, 0.5, 0.9) });
    expect(report).toMatchObject({ steps: 8, metrics: { score: 0.5 } });
  });

  it("says when training made it worse, and takes a score that is no number for the worst", async () => {
    const notices: string[] = [];
    const evaluate = scores(0.6, Number.NaN, 0.2, Number.NaN);
    const report = await train(configOf("worse"), { evaluate, onNotice: (notice) => notices.push(notice) });
    expect(report.metrics).toMatchObject({ score: 0.2 });
    expect(notices).toContainEqual(expect.stringContaining("score was 0.6, of the result it is 0.2"));
  });

  it("names the metrics that there are when the one to choose by is not among them", async () => {
    const config = configOf("metric", { metric: "nDCG@10" });
    await expect(train(config, { evaluate: scores(1, 1) })).rejects.toEqual(
      refusal("invalid_argument", "nDCG@10", "score, other"),
    );
  });
});

describe("bad input", () => {
  it("refuses a data set smaller than a batch by its name, and leaves nothing behind", async () => {
    const few = writeRows(folder, "few", makeRows({ count: 3 }));
    await expect(train(configOf("few-out", { data: [few] }))).rejects.toEqual(
      refusal("invalid_argument", "few.jsonl has 3 rows", "batch of 4"),
    );
    expect(existsSync(join(folder, "few-out"))).toBe(false);
  });

  it.each([
    ["an empty text", { query: "a", pos: [" "], neg: [], task: "qa" }, 'bad.jsonl:25: "pos\\[0\\]"'],
    [
      "scores that are not aligned",
      { query: "a", pos: ["b"], teacher_scores: [1, 2], task: "qa" },
      "bad.jsonl:25.*teacher_scores",
    ],
    [
      "a score that is no number",
      { query: "a", pos: ["b"], teacher_scores: [null], task: "qa" },
      "bad.jsonl:25.*teacher_scores",
    ],
  ])("names file, line and field of %s", async (_, row, message) => {
    const bad = writeRows(folder, "bad", [...makeRows(), row]);
    await expect(train(configOf("bad-out", { data: [bad] }))).rejects.toEqual(
      refusal("invalid_data", message),
    );
    expect(existsSync(join(folder, "bad-out"))).toBe(false);
  });

  it("tells once of rows without negatives, and of a distillation without scores", async () => {
    const bare = writeRows(folder, "bare", makeRows({ negatives: 0, task: "chat" }));
    const notices: string[] = [];
    const config = configOf("bare-out", { data: [bare], settings: "reference", steps: 2, saveSteps: 0 });
    const report = await train(config, { onNotice: (notice) => notices.push(notice) });
    expect(report.steps).toBe(2);
    expect(notices).toEqual([
      expect.stringContaining("task chat trains contrastively"),
      expect.stringContaining("without negatives train on the in-batch negatives"),
    ]);
  });

  it("trains mixed batches of one task of which only some rows have scores", async () => {
    const scored = writeRows(folder, "scored", makeRows({ scores: true, seed: 5 }));
    const config = configOf("mixed", { data: [rows, scored], batches: "off", steps: 2, saveSteps: 0 });
    await expect(train(config)).resolves.toMatchObject({ steps: 2 });
  });

  it("cuts texts where the base does, and says so", async () => {
    const long = writeRows(folder, "long", [
      ...makeRows({ count: 3 }),
      { task: "qa", query: "fox ".repeat(200), pos: ["dog ".repeat(200)] },
    ]);
    const notices: string[] = [];
    const config = configOf("long-out", {
      data: [long],
      maxTokens: { query: 128, document: 24 },
      steps: 1,
      saveSteps: 0,
    });
    await train(config, { onNotice: (notice) => notices.push(notice) });
    expect(notices).toContainEqual(expect.stringContaining("maxTokens.query is 128; the base takes 32"));
  });

  it("stops when the loss runs away, and keeps the last good checkpoint", async () => {
    const config = configOf("diverged", {
      steps: 200,
      saveSteps: 1,
      learningRate: 1e30,
      clip: 0,
      warmup: 0.02,
      schedule: "constant",
    });
    const failed = train(config);
    await expect(failed).rejects.toEqual(refusal("diverged", "stopped at step", "learning rate"));
    const [last = ""] = checkpointsOf("diverged").slice(-1);
    await expect(failed).rejects.toEqual(refusal("diverged", last));
    await using encoder = await openEncoder(join(config.out, "training", "checkpoints", last));
    const [vector] = await encoder.encodeQueries(["the old lighthouse"]);
    expect(vector?.every(Number.isFinite)).toBe(true);
    // It can be trained on from.
    const base = join(config.out, "training", "checkpoints", last);
    await expect(train(configOf("again", { base }))).resolves.toMatchObject({ steps: 6 });
  });

  it("says that the disk is full; what was saved stays, and the run goes on when there is room", async ({
    skip,
  }) => {
    if (process.platform === "win32") skip("needs a shell with ulimit");
    const config = configOf("full", { saveSteps: 2 });
    await interruptAt(3, config, { evaluate: scores(1, 1) });
    const file = join(folder, "full.json");
    writeFileSync(file, JSON.stringify(config));
    const limited = `trap '' XFSZ; ulimit -f 100; exec "$0" "$@"`; // 100 KB a file, less than the weights
    const child = join(import.meta.dirname, "train-child.mjs");
    const { stderr, status } = spawnSync("bash", ["-c", limited, process.execPath, child, file], {
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stderr).toContain("disk");
    expect(checkpointsOf("full")).toEqual(["step-00000002", "step-00000003"]);
    await expect(train(config, { resume: true, evaluate: scores(1, 1, 1) })).resolves.toMatchObject({
      steps: 6,
    });
    expect(logOf("full").length).toBe(6);
  });
});

describe("LoRA", () => {
  const lora = { rank: 2, alpha: 4, targets: ["query", "value"] };

  it("moves the matrices that it adapts, and not a bit of the others", async () => {
    const config = configOf("lora", { lora });
    await train(config);
    const [before, after] = [weightsOf(config.base), weightsOf(config.out)];
    const moved = [...after].filter(([name, { data }]) => String(data) !== String(before.get(name)?.data));
    expect(moved.map(([name]) => name).sort()).toEqual(
      [0, 1].flatMap((layer) =>
        ["query", "value"].map((which) => `encoder.layer.${layer}.attention.self.${which}.weight`),
      ),
    );
  });

  it.each([
    ["a target that no matrix has", { ...lora, targets: ["query", "vale"] }, "target vale"],
    ["a table", { ...lora, targets: ["word_embeddings"] }, "target word_embeddings"],
    ["a rank that a matrix does not have", { ...lora, rank: 33 }, "rank 33"],
  ])("refuses %s", async (name, given, message) => {
    await expect(train(configOf(name, { lora: given }))).rejects.toEqual(
      refusal("invalid_argument", message),
    );
    expect(existsSync(join(folder, name))).toBe(false);
  });

  it("goes on after an interruption with the same bits", async () => {
    const [whole, cut] = [configOf("lora-whole", { lora }), configOf("lora-cut", { lora })];
    await train(whole);
    await interruptAt(3, cut);
    await train(cut, { resume: true });
    const [wanted, got] = [whole, cut].map(({ out }) => readFileSync(join(out, "model.safetensors")));
    expect(got?.equals(wanted ?? Buffer.of())).toBe(true);
  });
});
