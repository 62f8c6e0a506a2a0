/**
 * A training row to one group: the texts that its query is compared with in a step, the positive first.
 *
 * Pure: the caller's random source decides, so a source seeded by epoch and row gives other negatives every epoch and
 * the same ones again after a restart. The rules are those of the reference system (LLM-Embedder, `TrainDatasetBase`).
 */

import { type Random, RetrieveError, shuffle } from "../std/index.ts";
import { candidatesOf, type TrainingRow } from "./row.ts";

/** `teacher`: the best scored of all candidates; `teacher-pos`: of those listed as positive. */
export type PositiveChoice = "first" | "random" | "teacher" | "teacher-pos";

/** `teacher+`: the best scored, `teacher-`: the worst; `stratified`: evenly over the range of scores. */
export type NegativeChoice = "random" | "first" | "teacher+" | "teacher-" | "stratified";

export interface GroupOptions {
  /** Texts in a group: the positive and `size - 1` negatives. */
  readonly size: number;
  /** A row without scores falls back on `first`; one without positives is decided by its scores. */
  readonly positive: PositiveChoice;
  /** A row without scores falls back on `random` where the choice needs them. */
  readonly negative: NegativeChoice;
}

export interface Group {
  readonly query: string;
  /** The positive, then the negatives: `size` texts, or the positive alone where the row has no negatives. */
  readonly keys: readonly string[];
  /** Aligned to `keys`. */
  readonly teacherScores?: readonly number[];
  /** Every text that answers the query as far as the row knows: none of them is a negative of this query. */
  readonly positives: readonly string[];
}

/**
 * The group of a row, or undefined where nothing tells which candidate is the positive: no `pos` and no scores.
 *
 * Fewer negatives than wanted are tiled: the whole list is repeated until it is long enough, then chosen from.
 * Throws `invalid_argument` for a size below 1.
 */
export function sampleGroup(row: TrainingRow, options: GroupOptions, random: Random): Group | undefined {
  const { size } = options;
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new RetrieveError("invalid_argument", `group size: got ${size}, wanted a whole number from 1`);
  }
  const candidates = candidatesOf(row).map((text, index) => ({ text, score: row.teacherScores?.[index] }));
  const positive = choosePositive(candidates, row, options.positive, random);
  if (positive === undefined) return undefined;
  const positives = [...new Set([positive.text, ...row.pos])];
  const pool = candidates.slice(row.pos.length).filter(({ text }) => !positives.includes(text));
  const negatives = chooseNegatives(tile(pool, size - 1), size - 1, options.negative, random);
  const chosen = [positive, ...negatives];
  return {
    query: row.query,
    keys: chosen.map(({ text }) => text),
    ...(row.teacherScores !== undefined && { teacherScores: chosen.map(scoreOf) }),
    positives,
  };
}

interface Candidate {
  readonly text: string;
  readonly score: number | undefined;
}

function choosePositive(
  candidates: readonly Candidate[],
  { pos, teacherScores }: TrainingRow,
  choice: PositiveChoice,
  random: Random,
): Candidate | undefined {
  const listed = candidates.slice(0, pos.length);
  const scored = teacherScores !== undefined;
  if (listed.length === 0) return scored ? best(candidates) : undefined;
  if (choice === "random") return listed[Math.floor(random() * listed.length)];
  if (choice === "first" || !scored) return listed[0];
  return best(choice === "teacher" ? candidates : listed);
}

/** The first of those with the highest score. */
function best(candidates: readonly Candidate[]): Candidate | undefined {
  return candidates.toSorted(byScore)[0];
}

function tile(pool: readonly Candidate[], wanted: number): readonly Candidate[] {
  const times = pool.length === 0 ? 0 : Math.ceil(wanted / pool.length);
  return times <= 1 ? pool : Array.from({ length: times }, () => pool).flat();
}

function chooseNegatives(
  pool: readonly Candidate[],
  count: number,
  choice: NegativeChoice,
  random: Random,
): readonly Candidate[] {
  if (choice === "first") return pool.slice(0, count);
  if (choice === "random" || pool[0]?.score === undefined) return shuffle(pool, random).slice(0, count);
  if (choice === "stratified") return stratify(pool, count, random);
  const ranked = pool.toSorted(byScore);
  return (choice === "teacher+" ? ranked : ranked.toReversed()).slice(0, count);
}

/**
 * One candidate for each of `count` equal parts of the range of scores: the one left that is nearest to a random score
 * of the part. A part that nobody is in is filled from its neighbours.
 */
function stratify(pool: readonly Candidate[], count: number, random: Random): Candidate[] {
  const left = shuffle(pool, random); // equal scores: any of them
  const scores = left.map(scoreOf);
  const highest = Math.max(...scores);
  const width = (highest - Math.min(...scores)) / count;
  return Array.from({ length: Math.min(count, pool.length) }, (_, part) => {
    const wanted = highest - (part + random()) * width;
    const distance = ({ score = wanted }: Candidate): number => Math.abs(score - wanted);
    const at = left.reduce(
      (near, one, index) => (distance(one) < distance(left[near] ?? one) ? index : near),
      0,
    );
    return left.splice(at, 1);
  }).flat();
}

/** Higher first; the sort is stable, so equal scores keep their order. */
function byScore(left: Candidate, right: Candidate): number {
  return scoreOf(right) - scoreOf(left);
}

function scoreOf({ score = 0 }: Candidate): number {
  return score;
}
