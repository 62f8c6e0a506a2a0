/** The small parts: measuring and cutting, marks of citations, ends of sentences. */

import { describe, expect, it } from "vitest";
import { citedIn } from "#src/augment/ask/citations.js";
import { roomFor } from "#src/augment/ask/room.js";
import { createRuler } from "#src/augment/ask/ruler.js";
import { generateStep } from "#src/augment/ask/step.js";
import { scriptedModel, words } from "../../support/scripted-model.ts";

describe("a ruler", () => {
  const text = Array.from({ length: 1000 }, (_, at) => `w${at}`).join(" ");

  it("cuts beginnings and ends to as many tokens as the model counts", async () => {
    const ruler = createRuler(scriptedModel([]));
    const [head, tail] = [await ruler.head(text, 30), await ruler.tail(text, 30)];
    expect(text.startsWith(`${head} `)).toBe(true);
    expect(text.endsWith(` ${tail}`)).toBe(true);
    for (const part of [head, tail]) {
      expect(words(part).length).toBeLessThanOrEqual(30);
      expect(words(part).length).toBeGreaterThan(20);
    }
    expect(await ruler.head("all of it", 3)).toBe("all of it");
    expect(await ruler.head("none", 0)).toBe("");
  });

  it("parts no character, and ends also where a single word is too long", async () => {
    const ruler = createRuler(scriptedModel([], { canCount: false }));
    const faces = "😀".repeat(100);
    for (let limit = 1; limit < 12; limit++) {
      for (const part of [await ruler.head(faces, limit), await ruler.tail(faces, limit)]) {
        expect(part).toMatch(/^(?:😀)*$/u);
        expect(Buffer.byteLength(part)).toBeLessThanOrEqual(3 * limit);
      }
    }
    expect(await ruler.head(faces, 12)).toBe("😀".repeat(9));
  });

  it("takes the model's own truncation, and is right where texts have more tokens a byte than before", async () => {
    const llm = {
      ...scriptedModel([]),
      truncate: async (whole: string, limit: number) => words(whole).slice(0, limit).join(""),
    };
    const ruler = createRuler(llm);
    expect(await ruler.head(text, 3)).toBe("w0 w1 w2");
    await ruler.count(text);
    const dense = "a ".repeat(200);
    expect(ruler.estimate(dense)).toBeLessThan(200);
    expect(await ruler.count(dense)).toBe(200);
    expect(ruler.estimate(dense)).toBe(200);
  });
});

describe("marks of citations", () => {
  const sources = [1, 2, 3].map((number) => ({ number, id: `d${number}`, title: "", source: "s" }));
  const at = (answer: string) =>
    citedIn(answer, sources).map(({ number, positions }) => [number, ...positions]);

  it.each([
    ["none here", []],
    ["One [1] and [1].", [[1, 4, 12]]],
    [
      "Both [2, 1]; twice [2;2].",
      [
        [1, 5],
        [2, 5, 19],
      ],
    ],
    [
      "Glued[3][1]",
      [
        [1, 8],
        [3, 5],
      ],
    ],
    ["No source [4], [0], [a], [], [1234567].", []],
    ["In code `x[1]` and\n```\ny[2]\n``` but [3].", [[3, 36]]],
    ["An open fence ```\ny[2]", []],
  ])("%s", (answer, expected) => {
    expect(at(answer)).toEqual(expected);
  });
});

describe("a generation", () => {
  const run = async (text: string, more: object, maxTokens = 100) => {
    const said: string[] = [];
    const options = {
      sentence: false,
      wholeWords: false,
      onText: (part: string) => said.push(part),
      ...more,
    };
    const step = await generateStep(scriptedModel([{ text }]), { prompt: "x" }, { ...options, maxTokens });
    expect(said.join("")).toBe(step.text);
    return [step.text, step.reason];
  };

  it("ends at the end of a sentence", async () => {
    expect(await run('He said "no!" Then', { sentence: true })).toEqual(['He said "no!" ', "length"]);
    expect(await run("Version 1.5 is out. Next", { sentence: true })).toEqual([
      "Version 1.5 is out. ",
      "length",
    ]);
    expect(await run("你好。再见", { sentence: true })).toEqual(["你好。", "length"]);
    expect(await run("a line\nanother", { sentence: true })).toEqual(["a line\n", "length"]);
    expect(await run("The last one.", { sentence: true })).toEqual(["The last one.", "stop"]);
  });

  it("leaves out a word that may be cut, unless it is all there is", async () => {
    expect(await run("one two three", { wholeWords: true }, 2)).toEqual(["one ", "length"]);
    expect(await run("one two three", { wholeWords: true })).toEqual(["one two three", "stop"]);
    expect(await run("one two", { wholeWords: true }, 1)).toEqual(["one", "length"]);
    expect(await run("one two three", {}, 2)).toEqual(["one two", "length"]);
  });
});

describe("the room of an answer", () => {
  it("adds up to the window", () => {
    const llm = scriptedModel([], { contextLength: 1000 });
    const plain = roomFor({ llm }, false);
    expect(plain).toMatchObject({ answer: 250, step: 250, recent: 0, result: 0, prompt: 1000 - 250 - 16 });
    const tools = roomFor({ llm, answerTokens: 100 }, true);
    expect(tools).toMatchObject({ answer: 100, prompt: 590, result: 294 });
    const long = roomFor({ llm, answerTokens: 5000, every: 64 }, false);
    expect(long).toMatchObject({ answer: 5000, step: 64, recent: 250, prompt: 1000 - 64 - 250 - 16 });
    expect(roomFor({ llm, maxTokens: 50 }, false).prompt).toBe(50);
    expect(roomFor({ llm, maxTokens: 5000 }, false).prompt).toBe(734);
  });

  it("is a default where the model does not tell its window", () => {
    expect(roomFor({ llm: scriptedModel([]) }, true)).toMatchObject({
      prompt: 8000,
      answer: 1024,
      result: 2000,
    });
  });
});
