/** Scores that something else made, such as a reranker: read from a file, by query and text. */

import { createHash } from "node:crypto";
import { hashFile, RetrieveError, readJsonLines } from "../../std/index.ts";
import { objectOf, textField } from "../fields.ts";
import { candidatesOf } from "../row.ts";
import type { OpenTeacher } from "./teacher.ts";

/**
 * A teacher by the name of what made the scores. The file has `{query_id, text, score}` a line, `text` as it stands in
 * the row. Rows of which it lacks a score are left out. Memory: the whole file, 100 bytes a score.
 *
 * Throws `not_found`; `invalid_data` naming file and line.
 */
export function externalScores(path: string, name: string): OpenTeacher {
  return async () => {
    const scores = await readScores(path);
    return {
      identity: { name, scores: (await hashFile(path)).slice(0, 16) },
      batchSize: 256,
      score: async (rows, { onSpent }) =>
        rows.map(({ row }) => {
          const { queryId } = row;
          if (queryId === undefined) return { leftOut: "without a query_id" };
          const own = candidatesOf(row).map((text) => scores.get(keyOf(String(queryId), text)));
          const found = own.filter((score) => score !== undefined);
          if (found.length < own.length) return { leftOut: `of which ${path} lacks a score` };
          onSpent?.({ candidates: own.length, scored: own.length });
          return { scores: found };
        }),
    };
  };
}

async function readScores(path: string): Promise<ReadonlyMap<string, number>> {
  const scores = new Map<string, number>();
  for await (const { value, place } of readJsonLines(path)) {
    const fields = objectOf(value, place);
    const score = fields["score"];
    if (typeof score !== "number" || !Number.isFinite(score)) {
      throw new RetrieveError(
        "invalid_data",
        `${place}: "score" is ${JSON.stringify(score) ?? "absent"}; wanted a finite number`,
      );
    }
    scores.set(keyOf(textField(fields, "query_id", place), textField(fields, "text", place)), score);
  }
  if (scores.size > 0) return scores;
  throw new RetrieveError("invalid_data", `${path}: no scores; wanted {"query_id", "text", "score"} a line`);
}

function keyOf(queryId: string, text: string): string {
  return createHash("sha256")
    .update(JSON.stringify([queryId, text]))
    .digest("base64url")
    .slice(0, 22);
}
