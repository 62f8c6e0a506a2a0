/** Plain distillation: the scores of a query's own candidates follow the teacher's. */

import { checkTemperature, type Loss } from "./loss.ts";
import { onScores } from "./scores.ts";
import { logSoftmax } from "./softmax.ts";

export interface DistillationOptions {
  readonly temperature: number;
  readonly teacherTemperature: number;
  /** Divides the scores once more. */
  readonly studentTemperature: number;
}

/**
 * L_b = KL(p_b || r_b) = Σ_i p_bi (log p_bi - log r_bi)
 *
 *   p_b = softmax(teacher_b / teacherTemperature)    r_b = softmax(s_b / studentTemperature)
 *
 * over the own candidates of query b: other keys of the batch take no part. Not scaled by a squared temperature.
 * Source: LLM-Embedder (arXiv 2310.07554) with `stable_distill` off. Relation: {@link stabilised} adds in-batch negatives.
 */
export function distillation(options: DistillationOptions): Loss {
  const { temperature, teacherTemperature, studentTemperature } = options;
  checkTemperature("distillation", { teacherTemperature, studentTemperature });
  return onScores(
    { name: "distillation", temperature, inBatch: false, needsTeacher: true },
    ({ scores, teacher }) => {
      const logTeacher = logSoftmax(teacher, teacherTemperature); // log p
      const logStudent = logSoftmax(scores, studentTemperature); // log r
      let value = 0;
      for (const [i, logP] of logTeacher.entries())
        value += Math.exp(logP) * (logP - (logStudent[i] as number));
      const gradient = logStudent.map(
        (logR, i) => (Math.exp(logR) - Math.exp(logTeacher[i] as number)) / studentTemperature,
      );
      return { value, gradient };
    },
  );
}
