/** Long texts written past the window of a base model. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Index, open } from "#src/augment/index.js";
import { RetrieveError } from "#src/std/index.js";
import { keywordEncoder } from "../../support/keyword-encoder.ts";
import { type Asked, scriptedModel } from "../../support/scripted-model.ts";

let folder: string;
let index: Index;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "write-"));
  index = await open({ index: join(folder, "index"), encoder: keywordEncoder({ dimensions: 512 }) });
});
afterEach(async () => {
  await index.close();
  await rm(folder, { recursive: true });
});

const promptOf = ({ input }: Asked): string => ("prompt" in input ? input.prompt : "");
const filler = (from: number, count: number): string =>
  Array.from({ length: count }, (_, at) => `Sentence${from + at} is about matter${from + at} alone.`).join(
    " ",
  );
const fact = "The lighthouse keeper Ansgar hid the brass key under the ninth stair.";
const start = `${filler(0, 40)} ${fact} ${filler(40, 160)}`;

it("goes on past the window, with an old chunk found by what is written late", async () => {
  const model = scriptedModel(
    ({ options }) => {
      const late =
        llm.asked.length >= 5 ? " Then the keeper Ansgar looked for the brass key of the lighthouse" : "";
      const drift = Array.from(
        { length: options.maxTokens ?? 0 },
        (_, at) => ` drift${llm.asked.length}x${at}`,
      );
      return { text: `${late}${drift.join("")} on` };
    },
    { contextLength: 160 },
  );
  const llm = model;
  const pieces: string[] = [];
  const { text, reason, steps, items } = await index.write(start, {
    llm,
    newTokens: 200,
    every: 20,
    onText: (piece) => pieces.push(piece),
  });
  expect(pieces.join("")).toBe(text);
  expect({ reason, steps }).toEqual({ reason: "length", steps: 10 });
  // The model refuses prompts that leave no room for the step; here is also how much of the window is used.
  const sizes = llm.asked.map(({ promptTokens }) => promptTokens);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(140);
  expect(Math.min(...sizes)).toBeGreaterThan(70);
  expect(promptOf(llm.asked[2]!)).not.toContain(fact);
  expect(promptOf(llm.asked[6]!)).toContain("Ansgar hid the brass key");
  expect(promptOf(llm.asked[6]!)).toMatch(/drift6x\d+$/);
  expect(items.every(({ kind, id }) => kind === "memory" && id.startsWith("text#"))).toBe(true);
});

it("puts found chunks in their original order, each with the one after it, in front of the recent text", async () => {
  const llm = scriptedModel([{ text: " and so on." }], { contextLength: 300 });
  const tail = " At last we speak of matter100 and of matter20 and matter60 again.".repeat(10);
  await index.write(start + tail, { llm, newTokens: 20 });
  const prompt = promptOf(llm.asked[0]!);
  const numbers = [...prompt.matchAll(/matter(\d+) alone/g)].map(([, number]) => Number(number));
  expect(prompt.endsWith("matter60 again.")).toBe(true);
  for (const found of [20, 60, 100]) expect(numbers).toContain(found);
  expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
  expect(new Set(numbers).size).toBe(numbers.length);
  // A window of 300 has chunks of 17 words, which are less than 4 sentences; with the next chunk they are more.
  const run = numbers.filter((number) => number >= 16 && number < 30);
  expect(run.length).toBeGreaterThanOrEqual(5);
});

it("loses no word between what is stored and what stands in the window", async () => {
  const llm = scriptedModel([{ text: " end" }], { contextLength: 150 });
  const words = Array.from({ length: 90 }, (_, at) => `word${at}`);
  await index.write(words.join(" "), { llm, newTokens: 8, every: 8, topK: 50 });
  const prompt = promptOf(llm.asked[0]!);
  expect(words.filter((word) => !new RegExp(`\\b${word}\\b`).test(prompt))).toEqual([]);
});

it("searches knowledge and memory of the index as well, and neither where they are not wanted", async () => {
  await index.add("knowledge", [{ id: "brass", title: "Brass", text: "Brass is copper and zinc." }]);
  await index.remember("log", [{ role: "Ansgar", text: "I polish brass on Mondays." }]);
  const llm = scriptedModel([{ text: " it shone." }, { text: " it shone." }], { contextLength: 200 });
  const { text, reason, items } = await index.write("The brass was dull until", { llm });
  expect({ text, reason }).toEqual({ text: " it shone.", reason: "stop" });
  expect(promptOf(llm.asked[0]!)).toBe(
    "Brass\nBrass is copper and zinc.\n\nAnsgar: I polish brass on Mondays.\n\nThe brass was dull until",
  );
  expect(items.map(({ kind }) => kind).sort()).toEqual(["knowledge", "memory"]);
  await index.write("The brass was dull until", { llm, kinds: [] });
  expect(promptOf(llm.asked[1]!)).toBe("The brass was dull until");
});

it("searches after each sentence, and ends at a stop text or with the model", async () => {
  const llm = scriptedModel(() => ({
    text: [" One is done. Not this", ' "Two," he said! Nor this', " Three"][llm.asked.length - 1] ?? "",
  }));
  const { text, steps, reason } = await index.write("Begin.", { llm, every: "sentence", stop: ["\n\n"] });
  expect(text).toBe(' One is done.  "Two," he said!  Three');
  expect({ steps, reason }).toEqual({ steps: 3, reason: "stop" });
  expect(llm.asked[0]?.options.stop).toEqual(["\n\n"]);
});

it("leaves the index as it was, also when the model fails or the caller aborts", async () => {
  await index.add("knowledge", [{ id: "a", text: "alpha" }]);
  const before = await index.status();
  const failing = scriptedModel(
    () => ({
      text: " on".repeat(30),
      ...(failing.asked.length < 3 ? {} : { error: new RetrieveError("network", "gone") }),
    }),
    { contextLength: 120 },
  );
  await expect(index.write(start, { llm: failing, every: 10 })).rejects.toMatchObject({ message: "gone" });

  const control = new AbortController();
  const aborted = scriptedModel(
    () => ({ text: " on".repeat(30), onWord: () => aborted.asked.length === 2 && control.abort() }),
    { contextLength: 120 },
  );
  const writing = index.write(start, { llm: aborted, every: 10, signal: control.signal });
  await expect(writing).rejects.toThrow(/abort/i);
  expect(aborted.asked).toHaveLength(2);
  expect(await index.status()).toEqual(before);
});

it("refuses an empty text, and steps that leave no prompt", async () => {
  const llm = scriptedModel([], { contextLength: 60 });
  await expect(index.write(" ", { llm })).rejects.toThrow(/write: got an empty text/);
  await expect(index.write("x", { llm })).rejects.toThrow(/every: got 64 tokens a step, and a window of 60/);
  await expect(index.write("x", { llm, newTokens: 0 })).rejects.toThrow(/newTokens: got 0/);
});
