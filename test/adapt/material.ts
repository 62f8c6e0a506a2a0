/** Small material to adapt to: nicknames that no encoder knows, in words that the tiny one has. */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { AdaptConfig } from "#src/adapt/index.js";
import { createRandom, shuffle } from "#src/std/index.js";
import { goldenFolder } from "../encoder/golden.ts";

/** What is asked for, and the record that is meant. */
const nicknames = [
  ["fox", "the old lighthouse"],
  ["dog", "letters of the keeper"],
  ["winter", "a function of two"],
  ["spring", "return the value"],
  ["paris", "knowledge and memory"],
  ["weather", "examples and tools"],
  ["dach", "query path four"],
  ["lazy", "cold mild paths"],
] as const;
const fillers = [
  "quick",
  "brown",
  "plus",
  "two",
  "four",
  "who",
  "jumps",
  "over",
  "value",
  "mild",
  "path",
  "old",
];

export type Row = Readonly<Record<string, unknown>> & {
  readonly query: string;
  readonly pos: readonly string[];
};

export interface NicknameOptions {
  readonly seed?: number;
  /** Questions of each nickname. */
  readonly each?: number;
  readonly task?: string;
  /** Without negatives. */
  readonly bare?: boolean;
  /** The answer to each question is another one's, by chance. */
  readonly shuffled?: boolean;
}

/** Questions with the record that is meant and, unless `bare`, all others as negatives. */
export function nicknameRows(options: NicknameOptions = {}): Row[] {
  const { seed = 1, each = 12, task = "qa", bare = false, shuffled = false } = options;
  const random = createRandom(seed);
  const draw = (): string => fillers[Math.floor(random() * fillers.length)] ?? "";
  const records = nicknames.map(([, record]) => record);
  const asked = nicknames.flatMap(([name, record]) => {
    const queries = new Set<string>();
    while (queries.size < each) queries.add(shuffle([name, draw(), draw(), draw()], random).join(" "));
    return [...queries].map((query) => ({ query, record }));
  });
  const meant = asked.map(({ record }) => record);
  const answers = shuffled ? shuffle(meant, random) : meant;
  return asked.map(({ query }, at) => {
    const pos = [answers[at] ?? ""];
    return { task, query, pos, ...(!bare && { neg: records.filter((record) => record !== pos[0]) }) };
  });
}

/** Writes JSON Lines; the path. */
export function put(folder: string, name: string, rows: readonly unknown[]): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}

/** An adaptation of tiny-bert that takes a second or two. */
export function tinyAdaptation(
  config: Pick<AdaptConfig, "sources" | "out"> & Partial<AdaptConfig>,
): AdaptConfig {
  return {
    base: join(goldenFolder, "tiny-bert"),
    training: {
      steps: 60,
      batchSize: 16,
      groupSize: 4,
      learningRate: 5e-3,
      maxTokens: { query: 24, document: 24 },
      instructions: "none",
      threads: 1,
    },
    ...config,
  };
}
