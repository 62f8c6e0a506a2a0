/** Tokenizers small enough to check by eye. */

import type { TokenCounter } from "#src/retrieve/index.js";

/** A token is a word or a sign; space has none. Additive, as WordPiece is. */
export const words: TokenCounter = counterOf(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu);

/** A token is two UTF-16 units, across words too: counts of parts do not add up to the count of the whole. */
export const pairs: TokenCounter = {
  count: (text) => Math.ceil(text.length / 2),
  split: (text, maxTokens) => {
    const length = 2 * maxTokens;
    return Array.from({ length: Math.ceil(text.length / length) }, (_, index) => ({
      start: index * length,
      end: Math.min(text.length, (index + 1) * length),
    }));
  },
};

function counterOf(token: RegExp): TokenCounter {
  return {
    count: (text) => [...text.matchAll(token)].length,
    split: (text, maxTokens) => {
      const starts = [...text.matchAll(token)].map(({ index }) => index);
      const cuts = starts.filter((_, index) => index > 0 && index % maxTokens === 0);
      return [0, ...cuts].map((start, index) => ({ start, end: cuts[index] ?? text.length }));
    },
  };
}
