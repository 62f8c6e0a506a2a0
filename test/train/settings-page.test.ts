/** The page of settings names every setting, and the defaults that the code has. */

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { resolveConfig } from "#src/train/index.js";

const page = readFileSync(new URL("../../docs/train.md", import.meta.url), "utf8");
const documented = new Map(
  [...page.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(([, key, value]) => [key, value?.replaceAll("`", "")]),
);
const required = { data: ["rows.jsonl"], base: "mini", out: "out" };
const { data, base, out, ...defaults } = resolveConfig(required);

/** As people write it, where JSON would read worse. */
const written: Readonly<Record<string, string>> = {
  learningRate: "5e-5",
  maxTokens: "{ query: 128, document: 128 }",
  tasks: "{}",
  parameterGroups: "[]",
  matryoshka: "[]",
  lora: "none",
  threads: "all cores",
};

it("names what is there and nothing else", () => {
  expect([...documented.keys()].sort()).toEqual(
    ["instructions", ...Object.keys({ data, base, out, ...defaults })].sort(),
  );
});

it("tells the defaults", () => {
  for (const [key, value] of Object.entries(defaults)) {
    expect([key, documented.get(key)]).toEqual([key, written[key] ?? String(value)]);
  }
  expect(defaults).toMatchObject({
    learningRate: 5e-5,
    maxTokens: { query: 128, document: 128 },
    lora: null,
  });
});
