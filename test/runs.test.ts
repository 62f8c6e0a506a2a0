/** The recipes of `runs/`, end to end on fixtures, as a reader runs them. */

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { openEncoder } from "#src/encoder/index.js";
import { resolveConfig } from "#src/train/index.js";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "..");
const work = mkdtempSync(join(tmpdir(), "retrieve-runs-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe("llm-embedder", () => {
  const recipe = join(root, "runs/llm-embedder");
  const out = join(work, "llm-embedder");
  const given = [
    ...[join(root, "test/fixtures/llm-embedder"), out, "--base", join(root, "test/golden/tiny-bert")],
    ...["--steps", "10", "--batch-size", "4", "--max-tokens", "48", "--learning-rate", "1e-3"],
    ...["--evaluate", "tool/toolbench", "--evaluate", "convsearch/qrecc"],
  ];
  const start = (): Promise<{ stdout: string; stderr: string }> =>
    run(process.execPath, [join(recipe, "run.mjs"), ...given], { cwd: root });

  it("is configured as the paper says (arXiv 2310.07554, table 11)", () => {
    const config = resolveConfig(JSON.parse(readFileSync(join(recipe, "config.json"), "utf8")));
    expect(config).toMatchObject({
      ...{ steps: 10_000, batchSize: 800, groupSize: 8, learningRate: 5e-6, weightDecay: 0.01 },
      ...{ schedule: "linear", warmup: 0.2, temperature: 0.01, batches: "epoch" },
      ...{ instructions: "llm-embedder", maxTokens: { query: 256, document: 256 } },
    });
    expect(config.data.filter((file) => file === "tool/toolbench/train.json")).toHaveLength(2);
  });

  it("goes from the bundle's files to weights and a table, and does nothing twice", async () => {
    const { stdout } = await start();
    const log = readFileSync(join(out, "model/training/log.jsonl"), "utf8").trimEnd().split("\n");
    const entries = log.map(
      (line) => JSON.parse(line) as { task: string; loss: number; gradientNorm: number },
    );
    const names = ["arxiv", "books3", "codeparrot", "icl", "msc", "msmarco", "nq", "qrecc", "toolbench"];
    // A batch of four rows is all that each data set of the fixtures has: an epoch is ten batches, one of each.
    expect(entries.map(({ task }) => task).sort()).toEqual([...names, "toolbench_1"]);
    expect(entries.every(({ loss, gradientNorm }) => loss > 0 && gradientNorm > 0)).toBe(true);

    const lines = stdout.trimEnd().split("\n").slice(2);
    expect(lines).toHaveLength(4);
    for (const line of lines)
      expect(line).toMatch(/^\| (tool\/toolbench|convsearch\/qrecc) .*\| +6 \| +2 \|/);
    expect(stdout.trimEnd()).toBe(readFileSync(join(out, "tables.md"), "utf8").trimEnd());

    const again = await start();
    expect(again.stderr).toContain("the run is done");
    expect(again.stdout).toBe(stdout);
  }, 60_000);

  it("gives an encoder that carries the six instruction pairs", async () => {
    await using encoder = await openEncoder(join(out, "model"));
    expect(encoder.tasks).toEqual(["qa", "convsearch", "chat", "lrlm", "icl", "tool"]);
    const vectorOf = async (task: string): Promise<Float32Array | undefined> =>
      (await encoder.encodeQueries(["which ferry leaves first"], { task }))[0];
    expect(await vectorOf("tool")).not.toEqual(await vectorOf("icl"));
  });
});

it("same-vectors prints one hash of mini's vectors, the same each time", async () => {
  const print = async (): Promise<string> =>
    (await run(process.execPath, [join(root, "runs/same-vectors.mjs")])).stdout;
  const first = await print();
  console.log(first); // to be compared with other processors
  expect(first).toMatch(/^[0-9a-f]{16} {2}40 texts, .+\n$/);
  expect(await print()).toBe(first);
});
