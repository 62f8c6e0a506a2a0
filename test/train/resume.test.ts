/** Runs that are killed at any moment and resumed, with real processes: the bits of a run that nothing disturbed. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRandom } from "#src/std/index.js";
import { type LogEntry, type TrainConfig, train } from "#src/train/index.js";
import { makeRows, tinyRun, writeRows } from "./rows.ts";

const folder = mkdtempSync(join(tmpdir(), "retrieve-resume-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const seed = Date.now();
const random = createRandom(seed);
const STEPS = 15;

/** Everything that has a state: dropout, paces, epochs of two data sets, accumulation. */
function configOf(out: string): TrainConfig {
  return tinyRun({
    data: ["qa", "chat"].map((task) => join(folder, `${task}.jsonl`)),
    out: join(folder, out),
    steps: STEPS,
    saveSteps: 3,
    accumulation: 2,
    dropout: 0.1,
    selfPaced: true,
    batches: "epoch-random",
  });
}

beforeAll(() => {
  writeRows(folder, "qa", makeRows({ task: "qa", count: 22, seed: 1, scores: true }));
  writeRows(folder, "chat", makeRows({ task: "chat", count: 13, seed: 2, scores: true }));
});

function start(out: string): ChildProcess & { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream } {
  const file = join(folder, `${out}.json`);
  writeFileSync(file, JSON.stringify(configOf(out)));
  const child = spawn(process.execPath, [join(import.meta.dirname, "train-child.mjs"), file], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  return child as ReturnType<typeof start>;
}

/** Runs until a line that `isMoment` chooses and `wait` milliseconds more; then kill -9. Whether the run was done first. */
async function killAt(out: string, isMoment: (line: string) => boolean, wait: number): Promise<boolean> {
  const child = start(out);
  const ended = once(child, "close");
  const complaints = text(child.stderr);
  let done = false;
  for await (const line of createInterface({ input: child.stdout })) {
    done ||= line.startsWith("done");
    if (!isMoment(line)) continue;
    await delay(wait);
    child.kill("SIGKILL");
  }
  await ended;
  expect(await complaints).toBe("");
  return done;
}

/** Kills while a checkpoint is being written: its unfinished folder has come. */
async function killInCheckpoint(out: string): Promise<void> {
  const home = join(folder, out, "training", "checkpoints");
  mkdirSync(home, { recursive: true });
  const child = start(out);
  const ended = once(child, "close");
  child.stdout.resume();
  const watcher = watch(home, (_, name) => {
    if (name?.endsWith(".tmp")) child.kill("SIGKILL");
  });
  await ended;
  watcher.close();
}

const weightsOf = (out: string): Buffer => readFileSync(join(folder, out, "model.safetensors"));
const linesOf = <Line>(out: string, name: string): Line[] =>
  readFileSync(join(folder, out, "training", name), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** All of a log but how long it took. */
const curveOf = (out: string): unknown[] =>
  linesOf<LogEntry>(out, "log.jsonl").map(({ seconds: _, ...entry }) => entry);

function expectSame(out: string, wanted: string): void {
  expect(curveOf(out)).toEqual(curveOf(wanted));
  expect(linesOf(out, "evaluations.jsonl")).toEqual(linesOf(wanted, "evaluations.jsonl"));
  expect(weightsOf(out).equals(weightsOf(wanted)), `weights, seed ${seed}`).toBe(true);
  expect(readdirSync(join(folder, out)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  expect(existsSync(join(folder, out, "training", "checkpoints"))).toBe(false);
}

it("gives the same bits after kill -9 at any moment", async () => {
  expect(await killAt("whole", () => false, 0)).toBe(true);
  expect(curveOf("whole").length).toBe(STEPS);

  const out = "killed";
  await killAt(out, (line) => line === "step 2", random() * 20); // before there is a checkpoint of training
  await killInCheckpoint(out);
  await killAt(out, (line) => line === "evaluating", random() * 20);
  await killAt(out, (line) => /^step \d*[369]$/.test(line), random() * 30);
  await killInCheckpoint(out);
  await killAt(out, (line) => line === `step ${Math.ceil(4 + random() * 10)}`, random() * 100);
  await killAt(out, (line) => line === `step ${STEPS}`, random() * 100); // about the end
  await killAt(out, () => false, 0);
  expectSame(out, "whole");
}, 180_000);

it("gives the same bits after an AbortSignal between two checkpoints, and says that a finished run is done", async () => {
  if (!existsSync(join(folder, "whole"))) await killAt("whole", () => false, 0);
  const config = configOf("aborted");
  const stop = new AbortController();
  const evaluate = async (): Promise<Record<string, number>> => ({ score: 1 });
  const aborted = train(config, {
    evaluate,
    signal: stop.signal,
    onStep: ({ step }) => step === 4 && stop.abort(new Error("enough")),
  });
  await expect(aborted).rejects.toThrow("enough");
  const names = readdirSync(join(config.out, "training", "checkpoints"));
  expect(names.sort()).toEqual(["step-00000003", "step-00000004"]);

  const report = await train(config, { evaluate, resume: true });
  expect(curveOf("aborted")).toEqual(curveOf("whole"));
  expect(linesOf<{ step: number }>("aborted", "evaluations.jsonl").map(({ step }) => step)).toEqual([
    0, 3, 6, 9, 12, 15,
  ]);
  const notices: string[] = [];
  const again = await train(config, { resume: true, onNotice: (notice) => notices.push(notice) });
  expect(again).toEqual(report);
  expect(notices).toEqual([expect.stringContaining("the run is done")]);
});
