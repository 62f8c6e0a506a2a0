/**
 * Whether a difference is more than chance. Pure, and the same for the same seed.
 *
 * Two systems are compared on the queries that both answered, query by query (Smucker, Allan and Carterette, CIKM 2007,
 * for the choice of tests in retrieval).
 */

import { createRandom, RetrieveError } from "../std/index.ts";
import { twoSidedT } from "./student-t.ts";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface SamplingOptions {
  /** Default 0. */
  readonly seed?: number;
  /** Samples that are drawn. Default 10,000. */
  readonly rounds?: number;
}

export interface Comparison {
  /** Queries that both systems have. */
  readonly queries: number;
  /** Mean of left minus right. */
  readonly difference: number;
  /** Of the difference, 95 %, by the bootstrap. */
  readonly interval: Interval;
  /** Two-sided, of the paired randomisation test. */
  readonly randomizationP: number;
  /** Two-sided, of the paired t test; 1 where both agree on every query or there is one alone. */
  readonly tP: number;
  /** Queries on which left is better, equal, worse. */
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
}

const roundsByDefault = 10_000;

/**
 * The middle 95 % of the means of samples drawn with replacement (percentile bootstrap; Efron and Tibshirani 1993,
 * chapter 13). Throws `invalid_argument` for no value or one that is not finite. Cost: `rounds` times the values.
 */
export function bootstrapInterval(values: readonly number[], options: SamplingOptions = {}): Interval {
  checkValues(values);
  const { seed = 0, rounds = roundsByDefault } = options;
  const random = createRandom(seed);
  const means = Float64Array.from({ length: rounds }, () => {
    let sum = 0;
    for (let drawn = 0; drawn < values.length; drawn++)
      sum += values[Math.floor(random() * values.length)] ?? 0;
    return sum / values.length;
  }).sort();
  return { low: quantile(means, 0.025), high: quantile(means, 0.975) };
}

/**
 * Left against right on the queries that both have. Higher is better unless `lowerIsBetter`; `difference` is left minus
 * right in any case.
 *
 * The randomisation test swaps the two systems on each query by the flip of a coin: p is the share of flips, the real
 * one among them, whose difference is at least as large. With 12 queries or fewer all flips are counted.
 *
 * Throws `invalid_argument` where they share no query.
 */
export function comparePaired(
  left: ReadonlyMap<string, number>,
  right: ReadonlyMap<string, number>,
  options: SamplingOptions & { readonly lowerIsBetter?: boolean } = {},
): Comparison {
  const differences = [...left].flatMap(([query, value]) => {
    const other = right.get(query);
    return other === undefined ? [] : [value - other];
  });
  if (differences.length === 0) {
    throw new RetrieveError(
      "invalid_argument",
      "comparison: the two systems share no query; wanted at least one",
    );
  }
  const interval = bootstrapInterval(differences, options);
  const better = options.lowerIsBetter ? -1 : 1;
  const count = (sign: number): number => differences.filter((one) => Math.sign(one) === sign).length;
  return {
    queries: differences.length,
    difference: mean(differences),
    interval,
    randomizationP: randomization(differences, options),
    tP: pairedT(differences),
    wins: count(better),
    ties: differences.length - count(1) - count(-1),
    losses: count(-better),
  };
}

/**
 * p-values corrected for their number, in the order given: those below a level may all be believed at that level (Holm
 * 1979, step-down).
 */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, at) => at).sort((left, right) => (values[left] ?? 0) - (values[right] ?? 0));
  const corrected = new Array<number>(values.length).fill(1);
  let highest = 0;
  for (const [rank, at] of order.entries()) {
    highest = Math.max(highest, Math.min(1, (values.length - rank) * (values[at] ?? 1)));
    corrected[at] = highest;
  }
  return corrected;
}

const exhaustively = 12;

function randomization(
  differences: readonly number[],
  { seed = 0, rounds = roundsByDefault }: SamplingOptions,
): number {
  const moved = differences.filter((one) => one !== 0);
  // A sum in another order may differ in its last bits and still be the same flip.
  const wanted = Math.abs(sumOf(moved)) - 1e-12 * sumOf(moved.map(Math.abs));
  const reaches = (isFlipped: (at: number) => boolean): boolean =>
    Math.abs(moved.reduce((sum, one, at) => (isFlipped(at) ? sum - one : sum + one), 0)) >= wanted;
  let reached = 0;
  if (moved.length <= exhaustively) {
    const flips = 2 ** moved.length;
    for (let flip = 0; flip < flips; flip++) if (reaches((at) => (flip & (1 << at)) !== 0)) reached++;
    return reached / flips;
  }
  const random = createRandom(seed);
  for (let round = 0; round < rounds; round++) if (reaches(() => random() < 0.5)) reached++;
  return (reached + 1) / (rounds + 1);
}

function pairedT(differences: readonly number[]): number {
  const count = differences.length;
  if (count < 2) return 1;
  const middle = mean(differences);
  const variance = sumOf(differences.map((one) => (one - middle) ** 2)) / (count - 1);
  if (middle === 0) return 1;
  return twoSidedT(middle / Math.sqrt(variance / count), count - 1);
}

/** Of sorted values, between its two neighbours in proportion. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)] ?? 0, sorted[Math.ceil(place)] ?? 0];
  return low + (high - low) * (place - Math.floor(place));
}

function mean(values: readonly number[]): number {
  return sumOf(values) / values.length;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function checkValues(values: readonly number[]): void {
  if (values.length > 0 && values.every(Number.isFinite)) return;
  const wrong = values.find((value) => !Number.isFinite(value));
  const got = wrong === undefined ? "no values" : String(wrong);
  throw new RetrieveError("invalid_argument", `statistics: got ${got}; wanted one or more finite numbers`);
}
