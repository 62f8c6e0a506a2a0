/** The corpora of the samples that guard are the texts that an index makes of the samples. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sampleGuards } from "#src/adapt/config.js";
import { openEvaluator } from "#src/eval/index.js";
import { type Index, open } from "#src/index.js";
import { keywordEncoder } from "../support/keyword-encoder.ts";

const samples = resolve(import.meta.dirname, "../../samples");
const folder = mkdtempSync(join(tmpdir(), "samples-"));
let service: { readonly url: string; close(): Promise<void> };
let index: Index;

beforeAll(async () => {
  service = await (await import(pathToFileURL(join(samples, "tools/service.mjs")).href)).startService();
  index = await open({ index: join(folder, "index"), encoder: keywordEncoder() });
  await index.add("examples", [join(samples, "examples/train.jsonl")]);
  // Under this name the labels know the server.
  const library = { command: process.execPath, args: [join(samples, "tools/library.mjs")] };
  const servers = join(folder, "servers.json");
  writeFileSync(servers, JSON.stringify({ mcpServers: { library } }));
  await index.add("tools", [service.url, servers, join(samples, "tools/functions.json")]);
});
afterAll(async () => {
  await index.close();
  await service.close();
  rmSync(folder, { recursive: true });
});

it.each(["examples", "tools"] as const)("%s", async (kind) => {
  const { hits } = await index.search("the", { kind, topK: 1000, method: "dense" });
  const indexed = new Map(hits.map(({ id, text }) => [id, text]));
  const lines = readFileSync(join(samples, kind, "corpus.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  const stored = new Map(lines.map((line) => JSON.parse(line)).map(({ _id, text }) => [_id, text]));
  expect(stored).toEqual(indexed);
});

it("all four can be measured, with no label in vain", async () => {
  const notices: string[] = [];
  const evaluate = await openEvaluator(sampleGuards, { onNotice: (notice) => notices.push(notice) });
  expect(notices).toEqual([]);
  const measured = await evaluate(keywordEncoder());
  expect(Object.keys(measured).filter((name) => name.endsWith(" nDCG@10"))).toEqual(
    ["knowledge", "memory", "examples", "tools"].map((name) => `${name} nDCG@10`),
  );
});
