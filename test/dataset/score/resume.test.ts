/** Scoring in processes that are killed: the same file in the end, and nothing asked twice. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Folder } from "./here.ts";

const script = resolve(import.meta.dirname, "../../support/score-rows.mjs");
const finish = promisify(execFile);

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

const rowCount = 120;
const candidates = 5;
/** Every third row lacks answers, and every tenth repeats the one before. */
const rows = Array.from({ length: rowCount }, (_, at) => ({
  query: `question ${at % 10 === 0 ? at - 1 : at}`,
  pos: [`text ${at}`],
  neg: Array.from({ length: candidates - 1 }, (__, number) => `other ${number}`),
  ...(at % 3 !== 0 && { answers: [`answer ${at}`] }),
  task: "qa",
  query_id: at,
}));
const asks = rows.filter(({ answers }) => answers !== undefined).length * candidates;

const linesOf = (path: string): string[] => readFileSync(path, "utf8").trimEnd().split("\n");
const argumentsOf = (name: string, part = "0/1"): string[] => [
  script,
  folder.place("rows.jsonl"),
  folder.place(`${name}.jsonl`),
  folder.place(`${name}-cache`),
  folder.place(`${name}.log`),
  part,
];

it("after kill -9, time and again, ends in the file of a run without a break", async () => {
  folder.write(rows);
  const whole = await finish(process.execPath, argumentsOf("whole"));
  expect(JSON.parse(whole.stdout)).toMatchObject({ rows: 80, scored: asks, cached: 0 });
  expect(new Set(linesOf(folder.place("whole.log"))).size).toBe(asks);

  const log = folder.place("killed.log");
  const asked = (): number => (existsSync(log) ? linesOf(log).length : 0);
  const kills = 4;
  for (let kill = 1; kill <= kills; kill++) {
    const child = spawn(process.execPath, argumentsOf("killed"), { stdio: "ignore" });
    const ended = once(child, "close");
    while (asked() < (asks * kill) / (kills + 1) && child.exitCode === null) await delay(1);
    child.kill("SIGKILL");
    expect(await ended).toEqual([null, "SIGKILL"]);
    expect(existsSync(folder.place("killed.jsonl"))).toBe(false);
  }
  const before = asked();
  const { stdout } = await finish(process.execPath, argumentsOf("killed"));
  const report = JSON.parse(stdout);
  expect(readFileSync(folder.place("killed.jsonl")).equals(readFileSync(folder.place("whole.jsonl")))).toBe(
    true,
  );
  expect(report.rows).toBe(80);
  expect(asked() - before).toBe(report.scored);
  expect(report.scored).toBeLessThan(asks / 2);
  // What a kill interrupts is asked again: at most as many as the model works on at once.
  const twice = asked() - new Set(linesOf(log)).size;
  expect(new Set(linesOf(log)).size).toBe(asks);
  expect(twice).toBeLessThanOrEqual(kills * 2);
}, 120_000);

it("in shards side by side over one cache, joins to the same file", async () => {
  folder.write(rows);
  await finish(process.execPath, argumentsOf("whole"));
  const parts = [0, 1, 2];
  const shard = (part: number): string[] => {
    const given = argumentsOf("whole", `${part}/3`);
    return given.map((argument) =>
      argument.replace("whole.jsonl", `part-${part}.jsonl`).replace("whole", "parts"),
    );
  };
  const reports = await Promise.all(parts.map((part) => finish(process.execPath, shard(part))));
  const joined = parts.map((part) => readFileSync(folder.place(`part-${part}.jsonl`), "utf8")).join("");
  expect(joined).toBe(readFileSync(folder.place("whole.jsonl"), "utf8"));
  const scored = reports.map(({ stdout }) => JSON.parse(stdout).scored);
  expect(scored.reduce((all, one) => all + one, 0)).toBe(asks);
  // Another cut of the same rows finds what the shards left in the cache.
  const again = argumentsOf("parts").map((argument) => argument.replace("parts.jsonl", "again.jsonl"));
  expect(JSON.parse((await finish(process.execPath, again)).stdout)).toMatchObject({
    scored: 0,
    cached: asks,
  });
}, 120_000);
