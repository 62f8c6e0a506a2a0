/**
 * ROUGE-L of a written text against an expected one, as two well-known packages compute it: they differ in what a word is,
 * and in how often a word counts.
 */

/** Where Python's `str.split` parts words; JavaScript's `\s` lacks the separators of ASCII and has the byte order mark. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts them as space
const pythonSpace = /[\p{White_Space}\x1c-\x1f]+/u;

/** Added to the denominator by the package `rouge`, so that nothing is divided by 0. */
const epsilon = 1e-8;

/**
 * F of ROUGE-L as the Python package `rouge` 1.0.1 (pltrdy) has it, which LLM-Embedder reports: sentences end at full
 * stops, words at spaces; of each expected sentence the longest common subsequences with all written ones are joined, and a
 * word counts once, however often it stands. An empty text counts as one empty word, as where a line break is added to it.
 *
 * LLM-Embedder's evaluation adds that line break to every text; where two texts both end with a full stop the break is a word
 * that they share, which lifts the score. That is not done here.
 */
export function rougeL(written: string, wanted: string): number {
  const [said, expected] = [sentencesOf(written), sentencesOf(wanted)];
  const common = new Set<string>();
  for (const sentence of expected) {
    for (const other of said) for (const word of longestCommon(sentence, other)) common.add(word);
  }
  const precision = common.size / new Set(said.flat()).size;
  const recall = common.size / new Set(expected.flat()).size;
  return (2 * precision * recall) / (precision + recall + epsilon);
}

/** Words of each sentence; of nothing, one sentence of one empty word. */
function sentencesOf(text: string): string[][] {
  const sentences = text
    .split(".")
    .filter((sentence) => sentence.length > 0)
    .map((sentence) => sentence.split(pythonSpace).filter((word) => word !== ""));
  const filled = sentences.map((words) => (words.length === 0 ? [""] : words));
  return filled.length === 0 ? [[""]] : filled;
}

/**
 * F of ROUGE-L as Google's package `rouge-score` 0.1.2 has it without stemming: words are runs of ASCII letters and digits in
 * lower case, and the longest common subsequence is one over the whole texts.
 */
export function rougeScoreL(written: string, wanted: string): number {
  const [said, expected] = [asciiWords(written), asciiWords(wanted)];
  if (said.length === 0 || expected.length === 0) return 0;
  const common = longestCommon(expected, said).length;
  const precision = common / said.length;
  const recall = common / expected.length;
  return precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0;
}

function asciiWords(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

/** A longest common subsequence; of several the one that is found by going back from the ends, `left` first. */
function longestCommon(left: readonly string[], right: readonly string[]): string[] {
  const width = right.length + 1;
  const lengths = new Uint32Array((left.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = 1; i <= left.length; i++) {
    for (let j = 1; j <= right.length; j++) {
      lengths[i * width + j] =
        left[i - 1] === right[j - 1] ? at(i - 1, j - 1) + 1 : Math.max(at(i - 1, j), at(i, j - 1));
    }
  }
  const common: string[] = [];
  for (let i = left.length, j = right.length; i > 0 && j > 0; ) {
    const word = left[i - 1];
    if (word !== undefined && word === right[j - 1]) {
      common.unshift(word);
      i--;
      j--;
    } else if (at(i - 1, j) > at(i, j - 1)) i--;
    else j--;
  }
  return common;
}
