/**
 * Held-out training rows as a benchmark: each row's own candidates are ranked for its query. Much cheaper than a corpus,
 * and much easier: figures compare with those of the same file alone.
 */

import { candidatesOf, openRowFile, type RowFile } from "../dataset/index.ts";
import type { EncodeOptions, Encoder, TaskName } from "../encoder/index.ts";
import { type OnNotice, RetrieveError } from "../std/index.ts";
import { type Evaluation, evaluateRun } from "./metrics.ts";
import { encodingOf, rounded } from "./retrieval.ts";

export interface EvaluateRowsOptions extends Pick<EncodeOptions, "onProgress" | "signal"> {
  /** A JSON Lines file of training rows. */
  readonly file: string;
  /** The instruction pair of both sides. Default: the task of the rows. */
  readonly task?: TaskName;
  readonly encoder: Encoder;
  /** At most so many rows, evenly spaced over the file. Default all. */
  readonly maxQueries?: number;
}

/** What was measured. */
export interface RowsReport {
  /** Means over the rows, as `evaluateRun` gives them. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly queries: number;
  /** Different texts that were ranked. */
  readonly corpus: number;
  /** What the means are of, by the place of the row among those that were measured, from 0. */
  readonly perQuery: Evaluation["perQuery"];
}

/**
 * Ranks the candidates of each row by their similarity to its query. Gold are the texts of `pos`; in a row without, the
 * candidates that the teacher scores best. A text that comes twice counts once.
 *
 * Throws what {@link readRankings} throws.
 */
export async function evaluateRows(options: EvaluateRowsOptions): Promise<RowsReport> {
  const { encoder, file } = options;
  const { rankings, task } = await readRankings(file, options);
  const encoding = { task: options.task ?? task, ...encodingOf(options) };
  const queries = await encoder.encodeQueries(
    rankings.map(({ query }) => query),
    encoding,
  );
  const texts = [...new Set(rankings.flatMap((ranking) => ranking.texts))];
  const vectors = await encoder.encodeDocuments(texts, encoding);
  const vectorOf = new Map(texts.map((text, at) => [text, vectors[at]]));

  const run = rankings.map(({ texts }, at) => {
    const scored = texts.map((text, place) => ({
      id: idOf(place),
      score: dot(queries[at], vectorOf.get(text)),
    }));
    return [String(at), scored] as const;
  });
  const qrels = rankings.map(({ texts, gold }, at) => {
    const judged = texts.map((text, place) => [idOf(place), gold.has(text) ? 1 : 0] as const);
    return [String(at), new Map(judged)] as const;
  });
  const { mean, perQuery } = evaluateRun(new Map(run), new Map(qrels));
  return { metrics: rounded(mean), queries: rankings.length, corpus: texts.length, perQuery };
}

/** What is asked of the encoder in one row. */
interface Ranking {
  readonly query: string;
  /** Each once, in the order of the row. */
  readonly texts: readonly string[];
  readonly gold: ReadonlySet<string>;
}

/**
 * The rows of a file that can be ranked wrong: those with a candidate that is not gold. How many others there are is
 * told.
 *
 * Throws what `openRowFile` throws, and `invalid_data` where no row can be ranked wrong.
 */
export async function readRankings(
  path: string,
  { maxQueries, onNotice }: { readonly maxQueries?: number; readonly onNotice?: OnNotice },
): Promise<{ readonly rankings: readonly Ranking[]; readonly task: TaskName }> {
  await using file = await openRowFile(path, {
    ...(maxQueries !== undefined && { maxRows: maxQueries }),
    ...(onNotice && { onNotice }),
  });
  const all = await readAll(file);
  const rankings = all.filter(({ texts, gold }) => gold.size < texts.length);
  const certain = all.length - rankings.length;
  if (rankings.length === 0) {
    throw new RetrieveError(
      "invalid_data",
      `${path}: no row has a candidate besides its positives, so there is nothing to rank; add negatives (retrieve mine)`,
    );
  }
  if (certain > 0) onNotice?.(`${path}: ${certain} rows have positives alone and are not measured`);
  return { rankings, task: file.task };
}

async function readAll(file: RowFile): Promise<Ranking[]> {
  const rankings: Ranking[] = [];
  for (let at = 0; at < file.length; at++) {
    const row = await file.read(at);
    const { pos, teacherScores = [] } = row;
    const candidates = candidatesOf(row);
    const best = teacherScores.reduce((high, score) => Math.max(high, score), Number.NEGATIVE_INFINITY);
    const gold = pos.length > 0 ? pos : candidates.filter((_, place) => teacherScores[place] === best);
    rankings.push({ query: row.query, texts: [...new Set(candidates)], gold: new Set(gold) });
  }
  return rankings;
}

/** Of equal scores the one with the greater id ranks first, and positives come first in a row: ties are no help. */
function idOf(place: number): string {
  return String(place).padStart(6, "0");
}

function dot(left: Float32Array = new Float32Array(), right: Float32Array = new Float32Array()): number {
  return left.reduce((sum, value, axis) => sum + value * (right[axis] ?? 0), 0);
}
