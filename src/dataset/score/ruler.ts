/** Lengths in tokens of a language model, or in characters where it does not count. */

import type { LanguageModel } from "../../llm/index.ts";

export interface Ruler {
  /** Whether lengths are those of the model; else they are estimates. */
  readonly exact: boolean;
  count(text: string): Promise<number>;
  /** The text, or as much of its beginning as has at most `limit` tokens. */
  cut(text: string, limit: number): Promise<string>;
}

/**
 * Characters that stand for a token where nobody counts: fewer than the four of English prose, so that a text which fits
 * by this measure mostly fits in truth.
 */
const charactersPerToken = 3;

export function createRuler({ countTokens, truncate }: LanguageModel): Ruler {
  if (countTokens === undefined) {
    return {
      exact: false,
      count: async (text) => Math.ceil(text.length / charactersPerToken),
      cut: async (text, limit) => sliceText(text, limit * charactersPerToken),
    };
  }
  return {
    exact: true,
    count: countTokens,
    cut: async (text, limit) => {
      // A token has at least one byte, so a short text needs no count.
      if (Buffer.byteLength(text) <= limit) return text;
      if (truncate !== undefined) return await truncate(text, limit);
      return await shorten(text, limit, countTokens);
    },
  };
}

/** By characters in the share that is too much, counted again until it fits. */
async function shorten(
  text: string,
  limit: number,
  count: (text: string) => Promise<number>,
): Promise<string> {
  let left = text;
  for (let tokens = await count(left); tokens > limit; tokens = await count(left)) {
    left = sliceText(left, Math.min(left.length - 1, Math.floor((left.length * limit) / tokens)));
  }
  return left;
}

/** The first characters, never half of a surrogate pair. */
function sliceText(text: string, length: number): string {
  return text.slice(0, Math.max(0, length)).replace(/[\uD800-\uDBFF]$/, "");
}
