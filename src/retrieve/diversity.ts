/** Results that do not repeat each other. */

import type { ScoredId } from "./bm25.ts";

export interface DiverseCandidate extends ScoredId {
  /** Unit length. */
  readonly vector: Float32Array;
}

/**
 * Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): each next one maximises
 * (1 - diversity) · relevance - diversity · (largest cosine to those chosen).
 *
 * Relevance is the score over the best score, so that it has the size of a cosine whatever the method. Keeps the
 * scores. Cost: count · candidates cosines.
 */
export function diversify(
  candidates: readonly DiverseCandidate[],
  count: number,
  diversity: number,
): ScoredId[] {
  const best = Math.max(...candidates.map(({ score }) => score));
  const scale = best > 0 ? best : 1;
  const left = candidates.map((candidate) => ({ candidate, nearest: 0 }));
  const chosen: ScoredId[] = [];
  while (chosen.length < count && left.length > 0) {
    let next = 0;
    let highest = Number.NEGATIVE_INFINITY;
    left.forEach(({ candidate, nearest }, index) => {
      const gain = (1 - diversity) * (candidate.score / scale) - diversity * nearest;
      if (gain > highest) {
        highest = gain;
        next = index;
      }
    });
    for (const { candidate } of left.splice(next, 1)) {
      chosen.push({ id: candidate.id, score: candidate.score });
      for (const other of left) {
        const cosine = dot(candidate.vector, other.candidate.vector);
        other.nearest = chosen.length === 1 ? cosine : Math.max(other.nearest, cosine);
      }
    }
  }
  return chosen;
}

/** Inner product: the cosine of unit vectors. */
export function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += (left[at] as number) * (right[at] as number);
  return sum;
}
