/** The contrastive loss (InfoNCE): the positive against everything else. */

import type { Loss } from "./loss.ts";
import { onScores } from "./scores.ts";
import { logSumExp } from "./softmax.ts";

export interface ContrastiveOptions {
  readonly temperature: number;
  /** Whether the other queries' keys are negatives too; default true. */
  readonly inBatch?: boolean;
}

/**
 * L_b = -log softmax(s_b)[positive] = log Σ_j exp s_bj - s_b,positive
 *
 * over the query's own keys and, in batch, all others. Uses no teacher. Source: van den Oord et al. 2018, equation 4.
 * Relation: {@link stabilised} with all weight on the positive is this loss.
 */
export function contrastive({ temperature, inBatch = true }: ContrastiveOptions): Loss {
  return onScores(
    { name: "contrastive", temperature, inBatch, needsTeacher: false },
    ({ scores, start: positive }) => {
      const total = logSumExp(scores);
      const gradient = scores.map((score) => Math.exp(score - total)); // softmax(s) - [j is the positive]
      gradient[positive] = (gradient[positive] as number) - 1;
      return { value: total - (scores[positive] as number), gradient };
    },
  );
}
