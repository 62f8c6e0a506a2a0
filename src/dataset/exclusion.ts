/** Which texts may stand beside each other as negatives: none that answers the query, none that says the same again. */

import { analyse } from "../retrieve/index.ts";

export interface Exclusion {
  /** Whether a text is new; one that is, excludes its like from then on. */
  take(text: string): boolean;
}

/** Words that two texts share over the words of either, from which on they count as one text. */
const sameText = 0.9;

/**
 * An exclusion that begins with `texts`.
 *
 * Two texts are the same when their sets of words have a Jaccard similarity of at least 0.9: case, punctuation, order
 * and a word changed in ten do not make a negative. Texts without words are compared as they are.
 */
export function createExclusion(texts: readonly string[]): Exclusion {
  const excluded = texts.map(wordsOf);
  return {
    take: (text) => {
      const words = wordsOf(text);
      if (text.trim() === "" || excluded.some((other) => similar(words, other))) return false;
      excluded.push(words);
      return true;
    },
  };
}

function wordsOf(text: string): ReadonlySet<string> {
  const words = analyse(text);
  return new Set(words.length > 0 ? words : [text.trim()]);
}

function similar(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  const [small, large] = left.size < right.size ? [left, right] : [right, left];
  if (small.size < sameText * large.size) return false;
  let shared = 0;
  for (const word of small) shared += Number(large.has(word));
  return shared >= sameText * (small.size + large.size - shared);
}
