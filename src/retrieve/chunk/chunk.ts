/** What a text is cut into, and what the cutters must know of a tokenizer. */

import { RetrieveError } from "../../std/index.ts";

/** A half-open range of UTF-16 offsets: `text.slice(start, end)`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A piece of a text: `text` is exactly `source.slice(start, end)`. */
export interface Chunk extends Span {
  readonly text: string;
  /** Path of the headings above and at the chunk, outermost first, joined by ` > `; absent above the first heading. */
  readonly heading?: string;
  /** Line of `start` in the source, from 1. */
  readonly line: number;
}

/** The part of a tokenizer that cutting needs. Special tokens are not counted. */
export interface TokenCounter {
  /** How many tokens `text` has by itself. */
  count(text: string): number;
  /** Spans of `text` in order, covering it, of about `maxTokens` tokens each. */
  split(text: string, maxTokens: number): Span[];
}

/** Makes chunks of one source, in order of their start: the line of each is counted on from the one before. */
export function createChunker(source: string): (span: Span, heading?: string) => Chunk {
  let line = 1;
  let seen = 0;
  return ({ start, end }, heading) => {
    for (; seen < start; seen++) if (source.charCodeAt(seen) === newline) line++;
    return { text: source.slice(start, end), start, end, line, ...(heading ? { heading } : {}) };
  };
}

/** The span without blank lines at its start and space at its end; indentation stays. Empty where all is space. */
export function trimSpan(source: string, { start, end }: Span): Span {
  const text = source.slice(start, end);
  const length = text.trimEnd().length;
  if (length === 0) return { start, end: start };
  const firstWord = text.length - text.trimStart().length;
  return { start: start + text.lastIndexOf("\n", firstWord) + 1, end: start + length };
}

/** Throws `invalid_argument` unless `value` is a whole number of at least `least`. */
export function checkWhole(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new RetrieveError(
    "invalid_argument",
    `${name}: got ${value}, wanted a whole number of at least ${least}`,
  );
}

const newline = 10;
