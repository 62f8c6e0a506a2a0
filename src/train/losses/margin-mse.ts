/** MarginMSE: the distance between positive and negative follows the teacher's distance. */

import type { Loss } from "./loss.ts";
import { onScores } from "./scores.ts";

export interface MarginMseOptions {
  /** 1 for a teacher on the scale of inner products. */
  readonly temperature: number;
}

/**
 * L_b = 1/(N - 1) Σ_{i > 0} ((s_b0 - s_bi) - (teacher_b0 - teacher_bi))²
 *
 * over the own candidates of query b, 0 the positive; a query without negatives counts 0. Other keys of the batch take no
 * part. Source: Hofstätter et al. 2020 (arXiv 2010.02666), equation 3. Relation: {@link distillation} compares
 * distributions and does not mind the scale of the rewards; this loss does.
 */
export function marginMse({ temperature }: MarginMseOptions): Loss {
  return onScores(
    { name: "marginMse", temperature, inBatch: false, needsTeacher: true },
    ({ scores, teacher }) => {
      const negatives = scores.length - 1;
      const gradient = new Float64Array(scores.length);
      const excess = scores.map((score, i) => score - (teacher[i] as number));
      let [value, positive] = [0, 0];
      for (let i = 1; i <= negatives; i++) {
        const error = (excess[0] as number) - (excess[i] as number); // student margin - teacher margin
        const slope = (2 * error) / negatives;
        value += error ** 2 / negatives;
        gradient[i] = -slope;
        positive += slope;
      }
      gradient[0] = positive;
      return { value, gradient };
    },
  );
}
