/**
 * How well a text matches the answers that were expected: exact match and F1 of words, as SQuAD's evaluation script 2.0
 * computes them (Rajpurkar et al. 2018, https://rajpurkar.github.io/SQuAD-explorer/, `compute_exact` and `compute_f1`).
 */

/** Lower case, without punctuation (ASCII, as in the script) and English articles, with single spaces. */
export function normalizeAnswer(text: string): string {
  return text
    .toLowerCase()
    .replace(/[!-/:-@[-`{-~]/g, "")
    .replace(/(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu, " ")
    .replace(/\p{White_Space}+/gu, " ")
    .trim();
}

/** 1 where both are the same after {@link normalizeAnswer}, else 0. */
export function exactMatch(text: string, answer: string): number {
  return normalizeAnswer(text) === normalizeAnswer(answer) ? 1 : 0;
}

/** Harmonic mean of precision and recall of the words, each counted as often as it stands; two empty texts match. */
export function wordF1(text: string, answer: string): number {
  const said = wordsOf(text);
  const wanted = wordsOf(answer);
  if (said.length === 0 || wanted.length === 0) return said.length === wanted.length ? 1 : 0;
  const left = new Map<string, number>();
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of said) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    shared++;
  }
  return (2 * shared) / (said.length + wanted.length);
}

function wordsOf(text: string): string[] {
  const normal = normalizeAnswer(text);
  return normal === "" ? [] : normal.split(" ");
}
