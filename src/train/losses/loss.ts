/**
 * What a loss is: a plain function from the embeddings of a batch to a value and its gradient.
 *
 *   B queries · K keys · D dimensions · q_b a query · k_j a key · s_bj = <q_b, k_j> / temperature
 *
 * Knows nothing of encoders: the trainer chains the gradients on, whatever made the embeddings. Inputs and gradients are
 * float32, every sum between them is float64 in a fixed order, so equal batches give equal bits.
 */

import { RetrieveError } from "../../std/index.ts";
import type { Matrix } from "../matrix.ts";

/** The embeddings of a batch, and whose keys are whose. */
export interface LossBatch {
  /** [B, D] */
  readonly queries: Matrix;
  /**
   * [K, D]. Keys `starts[b]` to `starts[b + 1] - 1` are query b's own, its positive first. Keys from `starts[B]` on
   * belong to no query of the batch and are negatives only.
   */
  readonly keys: Matrix;
  /** [B + 1], from 0, rising: each query has at least its positive. */
  readonly starts: Int32Array;
  /** The reward of each key for its own query [K]; NaN or absent where there is none. */
  readonly teacherScores?: Float32Array;
  /** [B, K], 1: not a negative of this query (a false negative). A query's own keys are never ignored. */
  readonly ignored?: Uint8Array;
}

export interface LossResult {
  /** Mean over the queries. */
  readonly value: number;
  /** d value / d queries [B, D] */
  readonly queryGradient: Float32Array;
  /** d value / d keys [K, D] */
  readonly keyGradient: Float32Array;
}

/** Throws `invalid_argument` for a misshapen batch, embeddings that are not finite, and a value that is not. */
export type Loss = (batch: LossBatch) => LossResult;

/** Throws `invalid_argument`, naming the loss and the fault, unless `batch` is what {@link LossBatch} says. */
export function checkBatch(loss: string, batch: LossBatch): void {
  const { queries, keys, teacherScores, ignored } = batch;
  const fail = (fault: string): never => {
    throw new RetrieveError("invalid_argument", `${loss}: ${fault}`);
  };
  if (queries.rows === 0) fail("the batch has no query; give at least one");
  for (const [name, { rows, columns, data }] of Object.entries({ queries, keys })) {
    if (rows * columns !== data.length) fail(`${name} [${rows}, ${columns}] hold ${data.length} numbers`);
    const wrong = data.findIndex((number) => !Number.isFinite(number));
    if (wrong >= 0) {
      fail(`row ${Math.floor(wrong / columns)} of ${name} holds ${data[wrong]}; embeddings must be finite`);
    }
  }
  if (queries.columns !== keys.columns) {
    fail(`queries have ${queries.columns} dimensions and keys ${keys.columns}; one encoder makes both`);
  }
  checkStarts(batch, fail);
  checkLength("teacherScores", teacherScores, keys.rows, fail);
  checkLength("ignored", ignored, queries.rows * keys.rows, fail);
}

function checkStarts({ queries, keys, starts }: LossBatch, fail: (fault: string) => never): void {
  checkLength("starts", starts, queries.rows + 1, fail);
  if (starts[0] !== 0) fail(`starts begin with ${starts[0]}, not with 0`);
  for (let query = 0; query < queries.rows; query++) {
    const [start, end] = ownKeys(starts, query);
    if (end <= start) fail(`query ${query} (counted from 0) has no key; its positive at least is wanted`);
  }
  const end = starts[queries.rows] as number;
  if (end > keys.rows) fail(`starts end at key ${end}, there are ${keys.rows} keys`);
}

function checkLength(
  name: string,
  values: ArrayLike<number> | undefined,
  wanted: number,
  fail: (fault: string) => never,
): void {
  if (values !== undefined && values.length !== wanted) {
    fail(`${name} hold ${values.length} numbers, ${wanted} are wanted`);
  }
}

/** The first of a query's own keys, and the key after its last. */
export function ownKeys(starts: Int32Array, query: number): [start: number, end: number] {
  return [starts[query] as number, starts[query + 1] as number];
}

/** Throws `invalid_argument` unless a temperature (a divisor of scores or of rewards) is a positive number. */
export function checkTemperature(loss: string, options: Readonly<Record<string, number>>): void {
  for (const [name, temperature] of Object.entries(options)) {
    if (temperature > 0 && Number.isFinite(temperature)) continue;
    throw new RetrieveError(
      "invalid_argument",
      `${loss}: ${name} is ${temperature}; a number above 0 is wanted`,
    );
  }
}
