/** Ways to cut a span at its natural joints. Each returns adjacent spans that cover the given one. */

import type { Span } from "./chunk.ts";

export type Splitter = (source: string, span: Span) => Span[];

/** A sentence of a text: `text` is exactly `source.slice(start, end)`, without space around it. */
export interface Sentence extends Span {
  readonly text: string;
}

/**
 * The sentences of a text in any script (Unicode UAX 29 rules), in order. A line break within a paragraph does not
 * end a sentence; a blank line or a new list item does. English titles and initials (`Dr. Smith`) do not end one.
 */
export function sentences(text: string): Sentence[] {
  const found: Sentence[] = [];
  for (const span of splitSentences(text, { start: 0, end: text.length })) {
    const raw = text.slice(span.start, span.end);
    const start = span.start + raw.length - raw.trimStart().length;
    const trimmed = raw.trim();
    if (trimmed !== "") found.push({ text: trimmed, start, end: start + trimmed.length });
  }
  return found;
}

export const splitSentences: Splitter = (source, span) => {
  const text = source.slice(span.start, span.end).replace(softBreak, (found) => " ".repeat(found.length));
  const cuts: number[] = [];
  let joined = true;
  for (const { segment, index } of segmenter.segment(text)) {
    if (!joined) cuts.push(span.start + index);
    joined = abbreviation.test(segment);
  }
  return cutAt(span, cuts);
};

export const splitLines: Splitter = (source, span) => {
  const cuts: number[] = [];
  for (
    let at = source.indexOf("\n", span.start);
    at >= 0 && at < span.end;
    at = source.indexOf("\n", at + 1)
  ) {
    cuts.push(at + 1);
  }
  return cutAt(span, cuts);
};

/** Each word keeps the space behind it. */
export const splitWords: Splitter = (source, span) => cutBefore(source, span, /(?<=\s)\S/g);

/** Cuts before the first line behind each blank line. */
export const splitParagraphs: Splitter = (source, span) =>
  cutBefore(source, span, /(?<=\n[ \t\r]*\n)[ \t]*\S/g);

/** Cuts before a line without indentation behind a blank line, unless it only closes what stands above. */
export const splitTopLevel: Splitter = (source, span) =>
  cutBefore(source, span, /(?<=\n[ \t\r]*\n)[^\s)\]}]/g);

/** The span cut at offsets of the source, given in order; offsets at or outside its ends are ignored. */
export function cutAt(span: Span, cuts: readonly number[]): Span[] {
  const inside = cuts.filter((cut) => cut > span.start && cut < span.end);
  return [span.start, ...inside].map((start, index) => ({ start, end: inside[index] ?? span.end }));
}

function cutBefore(source: string, span: Span, joint: RegExp): Span[] {
  const matches = source.slice(span.start, span.end).matchAll(joint);
  return cutAt(
    span,
    [...matches].map(({ index }) => span.start + index),
  );
}

// The root rules of UAX 29 know the stops of all scripts; the locale only adds the Greek question mark.
const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

const softBreak = /(?<=[^\n])\r?\n(?![ \t]*(?:\r?\n|[-*+]\s|[>|#]|\d+[.)]\s|$))/g;

const abbreviation = /(?:^|[\s(])(?:Mr|Mrs|Ms|Dr|Prof|St|vs|cf|Fig|Eq|No|e\.g|i\.e|[A-Z])\.[ \t]+$/;
