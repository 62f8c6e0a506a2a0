/** Chunks of equal length for long memory: as the reference system cuts histories, without looking at structure. */

import { type Chunk, checkWhole, createChunker, type TokenCounter } from "./chunk.ts";
import { pack } from "./pack.ts";
import { splitWords } from "./split.ts";

/**
 * Cuts a text into adjacent chunks of at most `size` tokens (the reference system takes 128), at white space where
 * there is some. The chunks joined are the text, its space included, but for space that would fill a chunk alone.
 *
 * Throws `invalid_argument` for a size below 1. Relation: {@link chunkDocument} follows headings and sentences.
 */
export function chunkByTokens(text: string, counter: TokenCounter, size = 128): Chunk[] {
  checkWhole("size", size, 1);
  const words = splitWords(text, { start: 0, end: text.length });
  const spans = pack(text, words, { counter, maxTokens: size, splitters: [] });
  const chunk = createChunker(text);
  return spans.map((span) => chunk(span)).filter((found) => found.text.trim() !== "");
}
