/**
 * From a loss on the scores of one query to a {@link Loss} on embeddings.
 *
 * A score loss sees s_j = <q, k_j> / temperature of one query's candidates and returns its value and d value / d s. Here
 * the scores come from the embeddings, and the gradient goes back to them, the mean over B queries:
 *
 *   S = Q Kᵀ / temperature      G = dL/dS = [d value_b / d s_b] / B
 *   dL/dQ = G K / temperature   dL/dK = Gᵀ Q / temperature
 */

import { RetrieveError } from "../../std/index.ts";
import { checkBatch, checkTemperature, type Loss, type LossBatch, ownKeys } from "./loss.ts";
import { multiply, rowsOf, transposed, viewOf } from "./product.ts";

/** What a score loss knows of one query: n candidates, its own `end - start` among them. */
export interface Candidates {
  /** [n]; -Infinity where a key is ignored: exp makes it 0, so that no loss needs a mask. */
  readonly scores: Float64Array;
  /** Own candidates are `scores[start]` to `scores[end - 1]`, the positive first. */
  readonly start: number;
  readonly end: number;
  /** The rewards of the own candidates [end - start]; all NaN for a loss that uses none. */
  readonly teacher: Float32Array;
}

export interface ScoreResult {
  readonly value: number;
  /** d value / d scores [n], finite, 0 where a key is ignored */
  readonly gradient: Float64Array;
}

/** Pure: neither scores nor rewards are changed. */
export type ScoreLoss = (candidates: Candidates) => ScoreResult;

export interface ScoreOptions {
  /** Names the loss in errors. */
  readonly name: string;
  readonly temperature: number;
  /** Whether a query's candidates are all keys of the batch, or only its own. */
  readonly inBatch: boolean;
  /** Whether each own key must have a teacher score. */
  readonly needsTeacher: boolean;
}

/** The mean of a score loss over the queries. Cost: 3 B K D multiplications, 3 K D without in-batch candidates. */
export function onScores(options: ScoreOptions, scoreLoss: ScoreLoss): Loss {
  const { name, temperature, inBatch, needsTeacher } = options;
  checkTemperature(name, { temperature });
  return (batch) => {
    checkBatch(name, batch);
    if (needsTeacher) checkTeacher(name, batch);
    const { queries, keys } = batch;
    const queryGradient = new Float32Array(queries.data.length);
    const keyGradient = new Float32Array(keys.data.length);
    let total = 0;
    for (const block of inBatch ? [wholeBatch(batch)] : ownBlocks(batch)) {
      const q = rowsOf(queries, block.firstQuery, block.lastQuery); // [m, D]
      const k = rowsOf(keys, block.firstKey, block.lastKey); // [n, D]
      const scores = multiply(q, transposed(k)).map((product) => product / temperature); // [m, n]
      const { value, gradient } = lossOfBlock(scoreLoss, batch, block, scores);
      const scaled = gradient.map((slope) => slope / (queries.rows * temperature));
      const g = viewOf(scaled, q.rows, k.rows); // [m, n]
      queryGradient.set(multiply(g, k), block.firstQuery * queries.columns);
      keyGradient.set(multiply(transposed(g), q), block.firstKey * keys.columns);
      total += value;
    }
    return { value: finite(name, total / queries.rows), queryGradient, keyGradient };
  };
}

/** Queries and the keys that they see: rows `first…` to `last… - 1`. Blocks share neither. */
interface Block {
  readonly firstQuery: number;
  readonly lastQuery: number;
  readonly firstKey: number;
  readonly lastKey: number;
}

function wholeBatch({ queries, keys }: LossBatch): Block {
  return { firstQuery: 0, lastQuery: queries.rows, firstKey: 0, lastKey: keys.rows };
}

function ownBlocks({ queries, starts }: LossBatch): Block[] {
  return Array.from({ length: queries.rows }, (_, query) => {
    const [firstKey, lastKey] = ownKeys(starts, query);
    return { firstQuery: query, lastQuery: query + 1, firstKey, lastKey };
  });
}

/** The sum of the loss over the queries of a block, and its gradient [m, n]. */
function lossOfBlock(
  scoreLoss: ScoreLoss,
  batch: LossBatch,
  block: Block,
  scores: Float64Array, // [m, n]
): ScoreResult {
  const gradient = new Float64Array(scores.length);
  const columns = block.lastKey - block.firstKey;
  let value = 0;
  for (let query = block.firstQuery; query < block.lastQuery; query++) {
    const at = (query - block.firstQuery) * columns;
    const row = scores.subarray(at, at + columns);
    const result = scoreLoss(candidatesOf(batch, query, block.firstKey, row));
    gradient.set(result.gradient, at);
    value += result.value;
  }
  return { value, gradient };
}

function candidatesOf(batch: LossBatch, query: number, firstKey: number, row: Float64Array): Candidates {
  const { keys, starts, teacherScores, ignored } = batch;
  const [first, last] = ownKeys(starts, query);
  const isIgnored = (key: number): boolean =>
    ignored?.[query * keys.rows + key] === 1 && (key < first || key >= last);
  return {
    scores: row.map((score, at) => (isIgnored(firstKey + at) ? Number.NEGATIVE_INFINITY : score)),
    start: first - firstKey,
    end: last - firstKey,
    teacher: teacherScores?.subarray(first, last) ?? new Float32Array(last - first).fill(Number.NaN),
  };
}

function checkTeacher(name: string, { queries, starts, teacherScores }: LossBatch): void {
  for (let query = 0; query < queries.rows; query++) {
    const [first, last] = ownKeys(starts, query);
    for (let key = first; key < last; key++) {
      const score = teacherScores?.[key];
      if (Number.isFinite(score)) continue;
      throw new RetrieveError(
        "invalid_argument",
        `${name}: the teacher score of key ${key - first} of query ${query} (counted from 0) is ${score ?? "missing"}; ` +
          "score the rows first, or train this task contrastively",
      );
    }
  }
}

function finite(name: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new RetrieveError(
    "invalid_argument",
    `${name}: the loss is ${value}, not a finite number; the embeddings are too long for the temperature`,
  );
}
