/** Adaptations that are killed in each stage and resumed, with real processes: the decision of one that nothing disturbed. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { stageNames } from "#src/adapt/hooks.js";
import type { AdaptReport } from "#src/adapt/index.js";
import { createRandom } from "#src/std/index.js";
import { nicknameRows, put, tinyAdaptation } from "./material.ts";

const folder = mkdtempSync(join(tmpdir(), "adapt-resume-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const seed = Date.now();
const random = createRandom(seed);

const bare = put(folder, "bare.jsonl", nicknameRows({ bare: true, task: "tool" }));
/** Nobody has labelled these; the language model can tell. */
const unlabelled = put(
  folder,
  "unlabelled.jsonl",
  nicknameRows({ seed: 2 }).map(({ query, pos, neg }) => ({
    ...{ task: "qa", query, pos: [], neg: [...pos, ...(neg as string[])] },
    answers: pos,
  })),
);
const guard = put(folder, "guard.jsonl", nicknameRows({ seed: 9, each: 4 }));

interface Ran {
  readonly lines: readonly string[];
  readonly report: AdaptReport | undefined;
}

/** Runs until a line is `moment` and `wait` milliseconds more, then kill -9; to the end without a moment. */
async function run(name: string, moment?: string, wait = 0): Promise<Ran> {
  const config = join(folder, `${name}.json`);
  const training = { ...tinyAdaptation({ sources: [], out: "" }).training, steps: 90, saveSteps: 15 };
  const sources = [bare, unlabelled].map((path) => ({ path }));
  const given = { sources, out: join(folder, name), guards: [{ path: guard }], llm: "any:model", training };
  writeFileSync(config, JSON.stringify(tinyAdaptation(given)));
  const script = join(import.meta.dirname, "adapt-child.mjs");
  const child = spawn(process.execPath, [script, config, join(folder, `${name}.log`)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  const complaints = text(child.stderr);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line !== moment) continue;
    await delay(wait);
    child.kill("SIGKILL");
  }
  await ended;
  expect(await complaints).toBe("");
  const report = lines.find((line) => line.startsWith("report {"))?.slice("report ".length);
  return { lines, report: report === undefined ? undefined : JSON.parse(report) };
}

const asked = (name: string): string[] =>
  readFileSync(join(folder, `${name}.log`), "utf8")
    .trimEnd()
    .split("\n");
const valuesOf = (name: string): string[] =>
  ["task-tool", "task-qa", "guard-guard"].map((target) =>
    readFileSync(join(folder, name, "adapt/evaluation/candidate", `${target}.jsonl`), "utf8"),
  );

it("decides the same after kill -9 in each stage, and repeats no stage that was finished", async () => {
  const whole = await run("whole");
  expect(whole.report?.accepted).toBe(true);
  expect(whole.lines.filter((line) => line.endsWith(" begins"))).toEqual(
    stageNames.map((name) => `${name} begins`),
  );

  const finished = new Set<string>();
  const check = ({ lines }: Ran): void => {
    const begun = lines.flatMap((line) => /^(\w+) begins$/.exec(line)?.[1] ?? []);
    for (const stage of begun) expect(finished, `seed ${seed}`).not.toContain(stage);
    for (const stage of begun.slice(0, -1)) finished.add(stage);
  };
  for (const stage of stageNames) {
    const isLong = stage === "score" || stage === "evaluate";
    check(await run("killed", `${stage} begins`, random() * (isLong ? 300 : 15)));
    if (stage === "train") check(await run("killed", "step 40", random() * 20));
  }
  const last = await run("killed");
  check(last);
  expect(last.report?.accepted).toBe(true);
  expect(last.report?.metrics, `seed ${seed}`).toEqual(whole.report?.metrics);
  expect(valuesOf("killed")).toEqual(valuesOf("whole"));
  const weights = (name: string): Buffer => readFileSync(join(folder, name, "model.safetensors"));
  expect(weights("killed").equals(weights("whole")), `weights, seed ${seed}`).toBe(true);
  expect(existsSync(join(folder, "killed/adapt/candidate"))).toBe(false);

  // What a kill interrupts is asked again, at most as much as the model works on at once.
  expect(new Set(asked("killed"))).toEqual(new Set(asked("whole")));
  expect(asked("killed").length - asked("whole").length).toBeLessThanOrEqual(2);

  const again = await run("killed");
  expect(again.lines.filter((line) => !line.startsWith("report {"))).toEqual(
    stageNames.map((name) => `${name} done before`),
  );
  expect(again.report).toEqual(last.report);
}, 180_000);
