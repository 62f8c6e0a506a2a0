/** Chunks of source code in any language: by blank lines and indentation, without a parser. */

import { type Chunk, checkWhole, createChunker, type TokenCounter, trimSpan } from "./chunk.ts";
import { pack } from "./pack.ts";
import { splitLines, splitParagraphs, splitTopLevel, splitWords } from "./split.ts";

/**
 * Cuts source code before lines without indentation that follow a blank line: definitions stay whole with their
 * comments and small ones share a chunk. One that is too large begins a chunk and is cut at its blank lines, else at
 * lines. Chunks keep their indentation and say their line. Every character that is not space is in a chunk.
 *
 * Throws `invalid_argument` for a limit below 1.
 */
export function chunkCode(
  text: string,
  counter: TokenCounter,
  options: { readonly maxTokens: number },
): Chunk[] {
  const { maxTokens } = options;
  checkWhole("maxTokens", maxTokens, 1);
  if (text.trim() === "") return [];
  const definitions = splitTopLevel(text, { start: 0, end: text.length });
  const splitters = [splitParagraphs, splitLines, splitWords];
  const chunk = createChunker(text);
  return pack(text, definitions, { counter, maxTokens, splitters, fresh: true })
    .map((span) => trimSpan(text, span))
    .filter(({ start, end }) => end > start)
    .map((span) => chunk(span));
}
