/** Passages cut to the sentences that matter for a question. */

import type { Encoder } from "../encoder/index.ts";
import { analyse, sentences } from "../retrieve/index.ts";
import type { KnowledgePiece } from "./compose/prompt.ts";

/**
 * The passages with the sentences that matter, `…` where others stood between them.
 *
 * A sentence scores the cosine of its vector with the query's, plus the share of the query's words that it has, each
 * word weighing more the fewer sentences have it. The best sentence of each passage stays, and every other that has
 * at least half the score of the best of all. Cost: one vector for each sentence.
 */
export async function focusPassages(
  pieces: readonly KnowledgePiece[],
  query: string,
  encoder: Encoder,
  signal?: AbortSignal,
): Promise<KnowledgePiece[]> {
  const cut = pieces.map(({ text }) => sentences(text).map((sentence) => sentence.text));
  const scores = await scoreSentences(cut.flat(), query, encoder, signal);
  const threshold = Math.max(0, ...scores) / 2;
  let from = 0;
  return pieces.map((piece, index) => {
    const own = cut[index] ?? [];
    const ownScores = scores.slice(from, from + own.length);
    from += own.length;
    const best = Math.max(...ownScores);
    const kept = own.map((_, at) => (ownScores[at] ?? 0) >= Math.min(threshold, best));
    return own.length < 2 ? piece : { ...piece, text: joinKept(own, kept) };
  });
}

async function scoreSentences(
  texts: readonly string[],
  query: string,
  encoder: Encoder,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const options = signal === undefined ? {} : { signal };
  const [asked] = await encoder.encodeQueries([query], options);
  const vectors = await encoder.encodeDocuments(texts, options);
  const shares = wordShares(texts, query);
  return vectors.map(
    (vector, index) => (shares[index] ?? 0) + (asked === undefined ? 0 : dot(vector, asked)),
  );
}

function wordShares(texts: readonly string[], query: string): number[] {
  const terms = texts.map((text) => new Set(analyse(text)));
  const weights = new Map(
    [...new Set(analyse(query))].map((word) => {
      const having = terms.filter((found) => found.has(word)).length;
      return [word, Math.log(1 + texts.length / (1 + having))] as const;
    }),
  );
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  return terms.map((found) => {
    const shared = [...weights].filter(([word]) => found.has(word));
    return total === 0 ? 0 : shared.reduce((sum, [, weight]) => sum + weight, 0) / total;
  });
}

function joinKept(texts: readonly string[], kept: readonly boolean[]): string {
  const parts: string[] = [];
  for (const [index, text] of texts.entries()) {
    if (kept[index]) parts.push(text);
    else if (parts.at(-1) !== omission) parts.push(omission);
  }
  return parts.join(" ");
}

const omission = "…";

function dot(left: Float32Array, right: Float32Array): number {
  return left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
}
