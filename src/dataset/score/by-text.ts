/** Teachers that read the texts alone: no model, no cost, and scores whose truth is known. */

import { RetrieveError } from "../../std/index.ts";
import { answerPatterns } from "../answer-pattern.ts";
import { candidatesOf, type TrainingRow } from "../row.ts";
import { type OpenTeacher, withoutAnswers } from "./teacher.ts";

/** 1 where a candidate holds an answer (as whole words, whatever the case), else 0; for qa and convsearch. */
export const containment: OpenTeacher = byText("contains", ["qa", "convsearch"], ({ answers = [] }) => {
  const patterns = answerPatterns(answers);
  return (candidate) => patterns.some((pattern) => pattern.test(candidate));
});

/**
 * 1 where an example has the output that the row expects, else 0; for icl, whose candidates are an input, a line break
 * and an output. The candidate ends with a line break and an answer, letter by letter: outputs may have several lines.
 */
export const sameLabel: OpenTeacher = byText("same-label", ["icl"], ({ answers = [] }) => {
  const endings = answers.map((answer) => `\n${answer.trim()}`);
  return (candidate) => endings.some((ending) => candidate.trimEnd().endsWith(ending));
});

function byText(
  name: string,
  tasks: readonly string[],
  judgeOf: (row: TrainingRow) => (candidate: string) => boolean,
): OpenTeacher {
  return async (task) => {
    if (!tasks.includes(task)) {
      throw new RetrieveError(
        "invalid_argument",
        `teacher ${name}: got rows of task ${task}, wanted ${tasks.join(" or ")}`,
      );
    }
    return {
      identity: { name },
      batchSize: 256,
      score: async (rows, { onSpent }) =>
        rows.map(({ row }) => {
          if ((row.answers ?? []).length === 0) return { leftOut: withoutAnswers };
          const judge = judgeOf(row);
          const scores = candidatesOf(row).map((candidate) => Number(judge(candidate)));
          onSpent?.({ candidates: scores.length, scored: scores.length });
          return { scores };
        }),
    };
  };
}
