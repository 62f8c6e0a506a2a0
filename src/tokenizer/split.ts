/** Spans of a text by number of tokens, from nothing but a function that counts the tokens of a string. */

import { RetrieveError } from "../std/index.ts";

export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Consecutive spans that cover `text`, each of at most `maxTokens` tokens by `count`, as long as they can be when cut
 * between words. White space goes with the word after it. A word that is too long by itself, like text without
 * spaces, is cut between characters; a single character of more than `maxTokens` tokens is a span by itself.
 */
export function splitByCount(text: string, maxTokens: number, count: (text: string) => number): Span[] {
  if (!(maxTokens >= 1)) {
    throw new RetrieveError("invalid_argument", `maxTokens is ${maxTokens}; wanted at least 1`);
  }
  if (text === "") return [];
  if (text.length <= 16 * maxTokens && count(text) <= maxTokens) return [{ start: 0, end: text.length }];
  const fits = (start: number, end: number): boolean => count(text.slice(start, end)) <= maxTokens;
  const words = [...text.matchAll(/\s*\S+(?:\s+$)?|\s+$/g)].map(({ 0: word, index }) => {
    return { start: index, end: index + word.length, tokens: count(word) };
  });
  const spans: Span[] = [];
  for (let at = 0; at < words.length; ) {
    const taken = words.slice(at, at + takeWords(words, at, maxTokens, fits));
    const [start, end] = [taken[0]?.start ?? 0, taken.at(-1)?.end ?? 0];
    const tooLong = taken.length === 1 && (taken[0]?.tokens ?? 0) > maxTokens;
    spans.push(...(tooLong ? splitWord(text, start, end, fits) : [{ start, end }]));
    at += taken.length;
  }
  return spans;
}

/** How many words from `from` on fit: by the sum of their counts, then checked, for the sum is not always exact. */
function takeWords(
  words: readonly (Span & { readonly tokens: number })[],
  from: number,
  maxTokens: number,
  fits: (start: number, end: number) => boolean,
): number {
  const start = words[from]?.start ?? 0;
  let taken = 0;
  for (let tokens = 0; from + taken < words.length; taken++) {
    tokens += words[from + taken]?.tokens ?? 0;
    if (tokens > maxTokens) break;
  }
  while (taken > 1 && !fits(start, words[from + taken - 1]?.end ?? 0)) taken--;
  return Math.max(taken, 1);
}

function splitWord(
  text: string,
  start: number,
  end: number,
  fits: (start: number, end: number) => boolean,
): Span[] {
  const spans: Span[] = [];
  for (let from = start; from < end; ) {
    const to = longestFit(text, from, end, fits);
    spans.push({ start: from, end: to });
    from = to;
  }
  return spans;
}

/** The end of the longest piece from `from` that fits, by doubling and halving, never inside a surrogate pair. */
function longestFit(
  text: string,
  from: number,
  end: number,
  fits: (start: number, end: number) => boolean,
): number {
  let [low, high] = [after(text, from), end];
  for (let size = 64; from + size < end; size *= 2) {
    const reached = after(text, from + size - 1);
    if (!fits(from, reached)) {
      high = reached;
      break;
    }
    low = reached;
  }
  if (high === end && fits(from, end)) return end;
  while (after(text, low) < high) {
    const middle = after(text, Math.floor((low + high) / 2) - 1);
    if (middle <= low) break;
    if (fits(from, middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** The first boundary between characters behind `at`. */
function after(text: string, at: number): number {
  const next = at + 1;
  const inside = /[\udc00-\udfff]/.test(text[next] ?? "") && /[\ud800-\udbff]/.test(text[at] ?? "");
  return inside ? next + 1 : next;
}
