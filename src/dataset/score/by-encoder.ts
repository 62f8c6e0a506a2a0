/** Another encoder as the teacher: the cosine of query and candidate. */

import type { Encoder } from "../../encoder/index.ts";
import { candidatesOf } from "../row.ts";
import type { OpenTeacher } from "./teacher.ts";

/** Scores from -1 to 1 by an encoder, which stays open; both sides under the row's task. */
export function similarity(encoder: Encoder): OpenTeacher {
  return async (task) => ({
    identity: {
      name: "encoder",
      model: encoder.name,
      query: encoder.fingerprint(task, "query"),
      document: encoder.fingerprint(task),
    },
    batchSize: 16,
    score: async (rows, { onSpent, signal }) => {
      const options = { task, ...(signal && { signal }) };
      const candidates = rows.map(({ row }) => candidatesOf(row));
      const texts = [...new Set(candidates.flat())];
      const queries = await encoder.encodeQueries(
        rows.map(({ row }) => row.query),
        options,
      );
      const vectors = await encoder.encodeDocuments(texts, options);
      const byText = new Map(texts.map((text, index) => [text, vectors[index]]));
      return candidates.map((own, index) => {
        onSpent?.({ candidates: own.length, scored: own.length });
        return { scores: own.map((text) => cosine(queries[index], byText.get(text))) };
      });
    },
  });
}

function cosine(
  query: Float32Array = new Float32Array(),
  document: Float32Array = new Float32Array(),
): number {
  let product = 0;
  query.forEach((value, axis) => {
    product += value * (document[axis] ?? 0);
  });
  return product / Math.max(Math.hypot(...query) * Math.hypot(...document), Number.MIN_VALUE);
}
