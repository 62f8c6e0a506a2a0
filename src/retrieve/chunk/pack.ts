/** Packing: adjacent units of a text gathered into spans under a limit of tokens, units too large cut down first. */

import type { Span, TokenCounter } from "./chunk.ts";
import { cutAt, type Splitter } from "./split.ts";

/** What is packed. A `lead` (a heading) belongs to what follows: that is cut to fit behind it. */
export interface Unit extends Span {
  readonly lead?: boolean;
}

export interface PackOptions {
  readonly counter: TokenCounter;
  readonly maxTokens: number;
  /** Tokens of whole units repeated at the start of the next span, at most; default 0. */
  readonly overlap?: number;
  /** Finer and finer ways to cut a unit that is larger than the limit; at the end tokens are cut. */
  readonly splitters: readonly Splitter[];
  /** Whether a unit that is larger than the limit shares no span with its neighbours. Default false. */
  readonly fresh?: boolean;
}

interface Piece extends Span {
  readonly tokens: number;
  readonly fresh: boolean;
  readonly blank: boolean;
}

/**
 * Adjacent units gathered greedily into spans of at most `maxTokens` tokens each.
 *
 * Token counts of the pieces are added up, then each span is counted as a whole: most tokenizers join nothing across
 * words, and those that do are held to the limit too. A single character may exceed it.
 */
export function pack(source: string, units: readonly Unit[], options: PackOptions): Span[] {
  const count = countSpans(source, options.counter);
  const pieces = cutToFit(source, units, options, count);
  const spans: Span[] = [];
  for (let first = 0; first < pieces.length; ) {
    const end = endOfSpan(pieces, first, options.maxTokens, count);
    spans.push(spanOf(pieces, first, end));
    first = end < pieces.length ? nextFirst(pieces, first, end, options) : end;
  }
  return spans;
}

type CountSpan = (span: Span) => number;

/** Counts tokens of spans. Words come again and again: short ones are counted once. */
function countSpans(source: string, counter: TokenCounter): CountSpan {
  const known = new Map<string, number>();
  return ({ start, end }) => {
    const text = source.slice(start, end);
    if (text.length > longestKnown) return counter.count(text);
    const tokens = known.get(text) ?? counter.count(text);
    known.set(text, tokens);
    return tokens;
  };
}

const longestKnown = 24;

function cutToFit(source: string, units: readonly Unit[], options: PackOptions, count: CountSpan): Piece[] {
  const { maxTokens, splitters, counter, fresh = false } = options;
  const pieces: Piece[] = [];
  let lead = 0;
  let wasCut = false;
  for (const unit of units) {
    const room = lead <= maxTokens / 2 ? maxTokens - lead : maxTokens;
    const parts = refine(unit, splitters, { source, room, count, counter });
    const cut = parts.length > 1;
    for (const [index, { start, end, tokens }] of parts.entries()) {
      const blank = source.slice(start, end).trim() === "";
      const begins = fresh && index === 0 && (cut || wasCut);
      pieces.push({ start, end, tokens, blank, fresh: begins });
    }
    wasCut = cut;
    lead = unit.lead ? lead + count(unit) : 0;
  }
  return pieces;
}

interface Room {
  readonly source: string;
  readonly room: number;
  readonly count: CountSpan;
  readonly counter: TokenCounter;
}

function refine(
  span: Span,
  splitters: readonly Splitter[],
  context: Room,
): { start: number; end: number; tokens: number }[] {
  const tokens = context.count(span);
  if (tokens <= context.room) return [{ start: span.start, end: span.end, tokens }];
  const [split, ...finer] = splitters;
  const parts = split ? split(context.source, span) : splitTokens(span, context);
  if (parts.length > 1) return parts.flatMap((part) => refine(part, finer, context));
  return split ? refine(span, finer, context) : [{ start: span.start, end: span.end, tokens }];
}

/** Cuts where the tokenizer says; a part that counts more by itself than within the text is cut again. */
function splitTokens(span: Span, { source, room, counter }: Room): Span[] {
  const parts = counter.split(source.slice(span.start, span.end), room);
  const cuts = parts.map(({ start }) => betweenCharacters(source, span, span.start + start));
  const cut = cutAt(span, cuts);
  return cut.length > 1 ? cut : cutAt(span, [betweenCharacters(source, span, (span.start + span.end) >> 1)]);
}

/** The offset, or one beside it where it falls between the halves of a surrogate pair. */
function betweenCharacters(source: string, span: Span, at: number): number {
  const code = source.charCodeAt(at);
  if (code < 0xdc00 || code > 0xdfff) return at;
  return at - 1 > span.start ? at - 1 : at + 1;
}

/** The index behind the last piece of the span that begins at `first`. */
function endOfSpan(pieces: readonly Piece[], first: number, maxTokens: number, count: CountSpan): number {
  let end = first;
  let total = 0;
  for (let piece = pieces[end]; piece !== undefined; piece = pieces[end]) {
    if (end > first && (piece.fresh || total + piece.tokens > maxTokens)) break;
    total += piece.tokens;
    end++;
  }
  while (end - first > 1 && count(spanOf(pieces, first, end)) > maxTokens) end--;
  return end;
}

/** Where the next span begins: at `end`, or earlier by the pieces that the overlap repeats. */
function nextFirst(pieces: readonly Piece[], first: number, end: number, options: PackOptions): number {
  const { overlap = 0, maxTokens } = options;
  const tokensAt = (index: number): number => pieces[index]?.tokens ?? 0;
  if (pieces[end]?.fresh) return end;
  // Space apart, each span begins behind the one before: else it would only be longer.
  let begin = first;
  while (pieces[begin]?.blank) begin++;
  let next = end;
  let repeated = 0;
  while (next - 1 > begin && repeated + tokensAt(next - 1) <= overlap) repeated += tokensAt(--next);
  return repeated + tokensAt(end) <= maxTokens ? next : end;
}

function spanOf(pieces: readonly Piece[], first: number, end: number): Span {
  return { start: pieces[first]?.start ?? 0, end: pieces[end - 1]?.end ?? 0 };
}
