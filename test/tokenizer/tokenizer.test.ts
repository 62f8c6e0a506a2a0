import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTokenizer, type Tokenizer } from "#src/tokenizer/index.js";

const root = resolve(import.meta.dirname, "../..");
const golden: { texts: string[]; ids: Record<string, number[][]> } = JSON.parse(
  readFileSync(join(root, "test/golden/tokens.json"), "utf8"),
);

/** The tiny tokenizers are in the repository; the real one, 30,522 words, is wherever the data is or in `mini`. */
function folderOf(name: string): string | undefined {
  if (name.startsWith("tiny-")) return join(root, "test/golden", name);
  const data = resolve(root, process.env["RETRIEVE_DATA"] ?? "../shared/data");
  const candidates = [join(data, "../models", name), join(root, "models/mini")];
  return candidates.find((folder) => existsSync(join(folder, "tokenizer.json")));
}

function open(name: string): Tokenizer {
  return createTokenizer(JSON.parse(readFileSync(join(folderOf(name) ?? name, "tokenizer.json"), "utf8")));
}

describe.each(Object.keys(golden.ids))("%s", (name) => {
  const tokenizer = folderOf(name) === undefined ? undefined : open(name);
  if (tokenizer === undefined) {
    it.skip("needs its tokenizer.json, in RETRIEVE_DATA/../models or models/mini");
    return;
  }
  const expected = golden.ids[name] ?? [];

  it("gives the ids of the reference for texts that break tokenizers", () => {
    for (const [at, text] of golden.texts.entries()) {
      const { ids, truncated } = tokenizer.encode(text, 100_000);
      expect({ text, ids: [...ids], truncated }).toEqual({ text, ids: expected[at], truncated: false });
    }
  });

  it("counts what it encodes, special tokens aside", () => {
    expect(golden.texts.map((text) => tokenizer.count(text) + 2)).toEqual(expected.map((ids) => ids.length));
  });

  it("cuts the text, not the special tokens, to the limit", () => {
    for (const [at, text] of golden.texts.entries()) {
      const all = expected[at] ?? [];
      for (const limit of [3, 16, 64]) {
        const wanted = all.length <= limit ? all : [...all.slice(0, limit - 1), all.at(-1)];
        const { ids, truncated } = tokenizer.encode(text, limit);
        expect({ text, ids: [...ids], truncated }).toEqual({
          text,
          ids: wanted,
          truncated: all.length > limit,
        });
      }
    }
  });

  it("splits into spans that cover the text, none above the limit", () => {
    const piece = fc.oneof(
      fc.constantFrom(...golden.texts.slice(0, 31)),
      fc.string({ unit: "binary" }),
      fc.lorem(),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.integer({ min: 8, max: 40 }), (pieces, limit) => {
        const text = pieces.join(" ");
        const spans = tokenizer.split(text, limit);
        expect(spans.map(({ start, end }) => text.slice(start, end)).join("")).toBe(text);
        for (const { start, end } of spans) {
          expect(end).toBeGreaterThan(start);
          expect(tokenizer.count(text.slice(start, end))).toBeLessThanOrEqual(limit);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("fills the spans and cuts between words", () => {
    const text = golden.texts.find((candidate) => candidate.length === 10_000) ?? "";
    const spans = tokenizer.split(text, 50).map(({ start, end }) => text.slice(start, end));
    expect(spans.slice(1).every((span) => /^\s/.test(span))).toBe(true);
    expect(spans.length).toBeLessThanOrEqual(Math.ceil(tokenizer.count(text) / 40));
  });

  it("refuses limits without room for a token", () => {
    expect(() => tokenizer.encode("text", 2)).toThrow("maxTokens is 2; wanted at least 3");
    expect(() => tokenizer.split("text", 0)).toThrow("maxTokens is 0; wanted at least 1");
  });
});

describe("createTokenizer", () => {
  const tiny: object = JSON.parse(readFileSync(join(root, "test/golden/tiny-bert/tokenizer.json"), "utf8"));

  it("tells how much of a text is unknown", () => {
    const tokenizer = open("tiny-bert");
    expect(tokenizer.encode("😀 😀 😀", 16).unknownShare).toBe(1);
    expect(tokenizer.encode("😀 a 😀 b", 16).unknownShare).toBe(0.5);
    expect(tokenizer.encode("", 16).unknownShare).toBe(0);
  });

  it("tells how much of a text is spelled out, of WordPiece vocabularies", () => {
    const model = {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 9,
    };
    const vocab = { "[UNK]": 0, ключ: 1, д: 2, "##о": 3, "##м": 4, "##ик": 5 };
    const tokenizer = createTokenizer({
      ...tiny,
      added_tokens: [],
      post_processor: null,
      model: { ...model, vocab },
    });
    expect(tokenizer.encode("ключ", 16).spelledShare).toBe(0);
    expect(tokenizer.encode("дом", 16)).toMatchObject({ spelledShare: 2 / 3, unknownShare: 0 }); // д ##о ##м
    expect(tokenizer.encode("домик", 16).spelledShare).toBe(0.5); // д ##о ##м ##ик
    expect(tokenizer.encode("", 16).spelledShare).toBe(0);
    expect(open("tiny-xlmr").encode("a b c", 16).spelledShare).toBe(0);
  });

  it.each([
    ["text", "wanted an object with `model` and `added_tokens`"],
    [{ model: {} }, "wanted an object with `model` and `added_tokens`"],
    [{ ...tiny, normalizer: { type: "Nonsense" } }, "tokenizer.json: Unknown Normalizer type: Nonsense"],
  ])("refuses what it cannot run (%#)", (definition, message) => {
    expect(() => createTokenizer(definition)).toThrow(message);
  });
});
