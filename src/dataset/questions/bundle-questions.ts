/** Questions of LLM-Embedder's bundle with written answers: `{query, query_id?, …}` a line. */

import { RetrieveError } from "../../std/index.ts";
import { type BundleFields, readBundleLines, textsField } from "../bundle.ts";
import { listField, textField } from "../fields.ts";
import { createUnique } from "../unique.ts";
import type { AnsweredQuestion } from "./question.ts";

/**
 * All questions of a file; the id is `query_id`, else the number of the line from 0, as in the reference's
 * `src/retrieval/metrics.py`. `pos_index` are passages that answer it, by their line in `corpus.json`. `answers` and `relation`
 * name the fields to take.
 *
 * Throws `not_found`, and `invalid_data` naming file and line for a malformed line or an id that comes twice.
 */
export async function readBundleQuestions(
  path: string,
  names: { readonly answers: string; readonly relation?: string },
): Promise<AnsweredQuestion[]> {
  const questions: AnsweredQuestion[] = [];
  const unique = createUnique("question");
  for await (const { fields, place } of readBundleLines(path)) {
    const relation = names.relation === undefined ? undefined : fields[names.relation];
    questions.push({
      id: unique(textField(fields, "query_id", place, String(questions.length)), place),
      question: textField(fields, "query", place),
      answers: textsField(fields, names.answers, place),
      ...(relation !== undefined && { relation: String(relation) }),
      ...(fields["pos_index"] != null && { gold: goldOf(fields, place) }),
    });
  }
  return questions;
}

function goldOf(fields: BundleFields, place: string): ReadonlyMap<string, number> {
  const lines = listField(fields, "pos_index", place);
  const wrong = lines.find((line) => !(Number.isInteger(line) && Number(line) >= 0));
  if (wrong === undefined) return new Map(lines.map((line) => [String(line), 1]));
  throw new RetrieveError(
    "invalid_data",
    `${place}: "pos_index" has ${JSON.stringify(wrong)}; wanted lines of corpus.json, whole numbers from 0`,
  );
}
