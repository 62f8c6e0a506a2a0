/** Power cuts and full disks, with real processes: what was acknowledged is there, once; the rest is there whole or not at all. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { createRandom } from "#src/std/index.js";
import { type FoundRecord, openLanceStore } from "#src/store/index.js";
import { collect } from "./contract.ts";

const folder = mkdtempSync(join(tmpdir(), "retrieve-crash-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const child = (name: string): string => join(import.meta.dirname, name);

const ROUNDS = 8;
const BATCH = 7; // as in crash-child.mjs

/** Runs a writer until `wait` milliseconds after its first commit; returns the batches it acknowledged. */
async function writeAndKill(round: number, wait: number): Promise<string[]> {
  const writer = spawn(process.execPath, [child("crash-child.mjs"), folder, String(round)]);
  const acknowledged: string[] = [];
  const lines = createInterface({ input: writer.stdout });
  lines.on("line", (line) => acknowledged.push(line));
  const ended = once(lines, "close");
  await once(lines, "line");
  await delay(wait);
  writer.kill("SIGKILL");
  await ended;
  return acknowledged;
}

function batchesOf(records: readonly FoundRecord[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { metadata } of records) {
    if (metadata["group"] === "none")
      sizes.set(`${metadata["batch"]}`, (sizes.get(`${metadata["batch"]}`) ?? 0) + 1);
  }
  return sizes;
}

it("keeps every acknowledged batch, whole and once, through repeated kill -9", async () => {
  const random = createRandom(Date.now());
  const acknowledged: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    acknowledged.push(...(await writeAndKill(round, random() * 400)));
    await using store = await openLanceStore(folder, "crash", { dimensions: 4 });
    const records = await collect(store.iterateFound());
    const sizes = batchesOf(records);
    expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
    expect(acknowledged.filter((batch) => sizes.get(batch) !== BATCH)).toEqual([]);
    expect([...sizes.values()].filter((size) => size !== BATCH)).toEqual([]);
    expect(sizes.size - acknowledged.length).toBeLessThanOrEqual(round + 1); // one commit a kill may be unacknowledged
    const group = records.filter(({ metadata }) => metadata["group"] === "g");
    expect(new Set(group.map(({ metadata }) => metadata["batch"])).size).toBe(1);
    expect(group.length).toBe(group[0]?.metadata["size"]);
  }
  expect(acknowledged.length).toBeGreaterThan(ROUNDS);
});

it("says that the disk is full, and loses nothing", ({ skip }) => {
  if (process.platform === "win32") skip("needs a shell with ulimit");
  const limited = `trap '' XFSZ; ulimit -f 2000; exec "$0" "$@"`;
  const { stdout, stderr } = spawnSync(
    "bash",
    ["-c", limited, process.execPath, child("disk-child.mjs"), folder],
    { encoding: "utf8" },
  );
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toMatchObject({
    name: "RetrieveError",
    code: "disk",
    message: expect.stringContaining("no space left on the disk"),
    before: 10,
    after: 10,
    end: 20,
  });
});
