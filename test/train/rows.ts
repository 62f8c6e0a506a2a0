/** Files of training rows, and runs over them that take a second. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "#src/std/index.js";
import type { TrainConfig } from "#src/train/index.js";
import { goldenFolder } from "../encoder/golden.ts";

const words =
  "quick brown fox lazy dog retriever knowledge memory examples tools letters old lighthouse keeper plus two four " +
  "weather paris mild spring cold winter function return value query path example dach katze sitzt schläft";

export interface RowsOptions {
  readonly task?: string;
  readonly count?: number;
  readonly seed?: number;
  /** Default 3. */
  readonly negatives?: number;
  /** Whether rows have teacher scores. */
  readonly scores?: boolean;
}

/** Rows whose positive shares words with its query. */
export function makeRows(options: RowsOptions = {}): Record<string, unknown>[] {
  const { task = "qa", count = 24, seed = 1, negatives = 3, scores = false } = options;
  const random = createRandom(seed);
  const all = words.split(" ");
  const draw = (length: number): string =>
    Array.from({ length }, () => all[Math.floor(random() * all.length)]).join(" ");
  return Array.from({ length: count }, () => {
    const key = draw(2);
    return {
      task,
      query: `${key} ${draw(1)}`,
      pos: [`${draw(2)} ${key}`],
      neg: Array.from({ length: negatives }, () => draw(4)),
      ...(scores && { teacher_scores: [1, ...Array.from({ length: negatives }, () => random() - 1)] }),
    };
  });
}

/** Writes `folder`/`name`.jsonl; its path. */
export function writeRows(folder: string, name: string, rows: readonly Record<string, unknown>[]): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.jsonl`);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}

/** A short run of tiny-bert; what is not said is as small as it gets. */
export function tinyRun(config: Pick<TrainConfig, "data" | "out"> & Partial<TrainConfig>): TrainConfig {
  return {
    base: join(goldenFolder, "tiny-bert"),
    steps: 6,
    batchSize: 4,
    groupSize: 3,
    learningRate: 1e-3,
    maxTokens: { query: 24, document: 24 },
    chunkTokens: 64,
    saveSteps: 2,
    metric: "score",
    threads: 1,
    instructions: "none",
    ...config,
  };
}
