/** Some queries of a mixed batch as a batch of their own, for the loss of their task. */

import { RetrieveError } from "../../std/index.ts";
import { addRows, type Matrix, pickRows } from "../matrix.ts";
import { type LossBatch, type LossResult, ownKeys } from "./loss.ts";

export interface TaskBatch {
  /** The chosen queries and their keys; all other keys of the mixed batch stand behind, as negatives only. */
  readonly batch: LossBatch;
  /** A result on {@link batch} in the places of the mixed batch, 0 where nothing was chosen. */
  expand(result: LossResult): LossResult;
}

/**
 * The queries `chosen` (distinct numbers of `mixed`), in that order. Copies the embeddings.
 *
 * A loss is a mean over queries: the loss of a mixed batch is the sum over tasks of (queries of the task / B) · expanded
 * result, which `weightedSum` adds up. Throws `invalid_argument` for a number out of range.
 */
export function taskBatch(mixed: LossBatch, chosen: readonly number[]): TaskBatch {
  const { queries, keys, teacherScores, ignored } = mixed;
  const own = chosen.map((query) => ownRange(mixed, query));
  const isOwn = new Uint8Array(keys.rows);
  for (const key of own.flat()) isOwn[key] = 1;
  const order = [
    ...own.flat(),
    ...Array.from({ length: keys.rows }, (_, key) => key).filter((key) => !isOwn[key]),
  ];

  const starts = new Int32Array(chosen.length + 1);
  for (const [at, group] of own.entries()) starts[at + 1] = (starts[at] as number) + group.length;
  const column = <Item>(values: ArrayLike<Item>, row: number): Item[] =>
    order.map((key) => values[row * keys.rows + key] as Item);
  return {
    batch: {
      queries: pickRows(queries, chosen),
      keys: pickRows(keys, order),
      starts,
      ...(teacherScores && { teacherScores: Float32Array.from(column(teacherScores, 0)) }),
      ...(ignored && { ignored: Uint8Array.from(chosen.flatMap((query) => column(ignored, query))) }),
    },
    expand: ({ value, queryGradient, keyGradient }) => ({
      value,
      queryGradient: putBack(queryGradient, chosen, queries),
      keyGradient: putBack(keyGradient, order, keys),
    }),
  };
}

function ownRange({ queries, starts }: LossBatch, query: number): number[] {
  if (!Number.isInteger(query) || query < 0 || query >= queries.rows) {
    throw new RetrieveError("invalid_argument", `taskBatch: query ${query} of a batch of ${queries.rows}`);
  }
  const [first, last] = ownKeys(starts, query);
  return Array.from({ length: last - first }, (_, at) => first + at);
}

/** Each row in its place among those of `like`, 0 elsewhere. */
function putBack(rows: Float32Array, numbers: readonly number[], like: Matrix): Float32Array {
  const whole = { ...like, data: new Float32Array(like.data.length) };
  addRows(whole, { ...like, rows: numbers.length, data: rows }, numbers);
  return whole.data;
}
