/** What every cutter keeps, whatever the text: spans exact and in order, nothing lost, the limit held. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Chunk,
  chunkByTokens,
  chunkCode,
  chunkDocument,
  sentences,
  type TokenCounter,
} from "#src/retrieve/index.js";
import { pairs, words } from "./counters.js";

/** Texts from pieces that matter to the cutters, in any order. */
const text = fc
  .array(
    fc.constantFrom(
      "word ",
      "Dr. Smith ",
      "One sentence. ",
      "今天天气很好。",
      "これは文です。",
      "𝒳𝒴𝒵",
      "👩‍👩‍👧",
      "\n",
      "\n\n",
      "\r\n",
      "  ",
      "\t",
      "# Title\n",
      "## Part two ##\n",
      "Under\n=====\n",
      "### \n",
      "```js\n",
      "let a = 1;\n\n",
      "```\n",
      "~~~\n",
      "| a | b |\n",
      "|---|---|\n",
      "- item\n",
      "---\n",
      "title: x\n",
      "def f():\n",
      "    return 1\n",
      "}\n",
      "a".repeat(50),
      "x,y;z",
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

const limit = fc.integer({ min: 2, max: 40 });
const counter = fc.constantFrom(words, pairs);

function checkChunks(source: string, chunks: readonly Chunk[], count: TokenCounter, maxTokens: number): void {
  let seen = -1;
  for (const chunk of chunks) {
    expect(chunk.text).toBe(source.slice(chunk.start, chunk.end));
    expect(chunk.text.trim()).not.toBe("");
    expect(chunk.start).toBeGreaterThan(seen);
    expect(chunk.line).toBe(source.slice(0, chunk.start).split("\n").length);
    expect(Buffer.from(chunk.text).toString()).toBe(chunk.text); // no character is cut in two
    if ([...chunk.text].length > 1) expect(count.count(chunk.text)).toBeLessThanOrEqual(maxTokens);
    seen = chunk.start;
  }
  const covered = new Set(chunks.flatMap(({ start, end }) => range(start, end)));
  const lost = range(0, source.length).filter((at) => /\S/.test(source.charAt(at)) && !covered.has(at));
  expect(lost).toEqual([]);
}

function checkApart(chunks: readonly Chunk[]): void {
  for (const [index, chunk] of chunks.entries()) {
    expect(chunk.end).toBeLessThanOrEqual(chunks[index + 1]?.start ?? Number.POSITIVE_INFINITY);
  }
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}

describe("every cutter", () => {
  it("chunkByTokens joins to the text", () => {
    fc.assert(
      fc.property(text, counter, limit, (source, count, size) => {
        const chunks = chunkByTokens(source, count, size);
        checkChunks(source, chunks, count, size);
        const gaps = chunks.map(({ end }, index) => source.slice(end, chunks[index + 1]?.start));
        expect(gaps.join("").trim()).toBe("");
        // Only space that is longer than a chunk is left out: this tokenizer counts none.
        if (count === words && source.trim() !== "") {
          expect(chunks.map((chunk) => chunk.text).join("")).toBe(source);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("chunkDocument covers the text, apart without overlap", () => {
    fc.assert(
      fc.property(text, counter, limit, (source, count, maxTokens) => {
        const chunks = chunkDocument(source, count, { maxTokens });
        checkChunks(source, chunks, count, maxTokens);
        checkApart(chunks);
      }),
      { numRuns: 300 },
    );
  });

  it("chunkDocument with overlap covers the text and always goes on", () => {
    fc.assert(
      fc.property(text, counter, limit, fc.nat(39), (source, count, maxTokens, overlap) => {
        const chunks = chunkDocument(source, count, { maxTokens, overlap: Math.min(overlap, maxTokens - 1) });
        checkChunks(source, chunks, count, maxTokens);
      }),
      { numRuns: 300 },
    );
  });

  it("chunkCode covers the text, apart", () => {
    fc.assert(
      fc.property(text, counter, limit, (source, count, maxTokens) => {
        const chunks = chunkCode(source, count, { maxTokens });
        checkChunks(source, chunks, count, maxTokens);
        checkApart(chunks);
      }),
      { numRuns: 300 },
    );
  });

  it("sentences cover the text", () => {
    fc.assert(
      fc.property(text, (source) => {
        const found = sentences(source);
        for (const sentence of found) {
          expect(sentence.text).toBe(source.slice(sentence.start, sentence.end));
          expect(sentence.text).toBe(sentence.text.trim());
        }
        expect(
          found
            .map((sentence) => sentence.text)
            .join("")
            .replace(/\s/g, ""),
        ).toBe(source.replace(/\s/g, ""));
      }),
    );
  });
});
