/** Whether a text holds an answer. */

/**
 * Patterns that find an answer whatever its case; in scripts with spaces as whole words, so that `he` is not in `the`.
 * It is what open question answering calls a passage with the answer (DPR's `has_answer`), by words instead of tokens.
 */
export function answerPatterns(answers: readonly string[]): RegExp[] {
  return answers.map((answer) => {
    const literal = answer
      .trim()
      .replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")
      .replace(/\s+/g, "\\s+");
    return new RegExp(
      unspaced.test(answer) ? literal : `(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`,
      "iu",
    );
  });
}

const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;
