/**
 * How the headline of a benchmark follows from its queries, found by trying which mean gives the number in the receipt:
 * over queries, over the means of groups (subjects, tasks), or of logarithms (perplexity). Intervals and tests are then
 * about the number that is shown. Pure.
 */

import type { StoredRun } from "../benchmark/run-files.ts";
import { bootstrapInterval, type Comparison, comparePaired, type Interval } from "../statistics.ts";

export interface Averaging {
  /** The measure of a query that is averaged. */
  readonly metric: string;
  /** Logarithms are averaged; a difference is then one of log-likelihood. */
  readonly isLog: boolean;
  /** The mean is of the means of groups, each counting the same. */
  readonly isByGroup: boolean;
}

interface Valued {
  readonly id: string;
  readonly group: string;
  readonly value: number;
}

/** Receipts may carry four decimals. */
const tolerance = 6e-5;

/**
 * The first way of averaging that gives the headline of all `runs` of one benchmark; where none does, the mean over
 * queries, and {@link isReproduced} tells of which runs it is not the headline.
 */
export function averagingOf(runs: readonly StoredRun[]): Averaging {
  const [first] = runs;
  if (first === undefined) return { metric: "", isLog: false, isByGroup: false };
  const { headline, lowerIsBetter } = first.receipt;
  const ways = waysOf(headline, lowerIsBetter).filter((way) => runs.every((run) => isPossible(run, way)));
  const fallback = { metric: headline, isLog: false, isByGroup: false };
  return ways.find((way) => runs.every((run) => isReproduced(run, way))) ?? ways[0] ?? fallback;
}

/** Whether the queries of a run give its headline. */
export function isReproduced(run: StoredRun, averaging: Averaging): boolean {
  const wanted = run.receipt.metrics[run.receipt.headline] ?? Number.NaN;
  const values = centred(valuesOf(run, averaging), averaging);
  if (values.length === 0) return true;
  const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
  const got = averaging.isLog ? Math.exp(middle) : middle;
  return Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted));
}

/** The headline of each query that has one, by id; a logarithm where these are averaged. */
export function headlineByQuery(run: StoredRun, averaging: Averaging): Map<string, number> {
  return new Map(valuesOf(run, averaging).map(({ id, value }) => [id, value]));
}

/** The 95 % interval of the headline; null where no query has a value. */
export function intervalOf(run: StoredRun, averaging: Averaging, seed: number): Interval | null {
  const values = centred(valuesOf(run, averaging), averaging);
  if (values.length === 0) return null;
  const { low, high } = bootstrapInterval(values, { seed, rounds: roundsFor(values.length) });
  return averaging.isLog ? { low: Math.exp(low), high: Math.exp(high) } : { low, high };
}

/** Two runs of one benchmark on the queries that both have; undefined where they share none. */
export function compareRuns(
  left: StoredRun,
  right: StoredRun,
  averaging: Averaging,
  seed: number,
): Comparison | undefined {
  const others = headlineByQuery(right, averaging);
  const shared = valuesOf(left, averaging).filter(({ id }) => others.has(id));
  if (shared.length === 0) return undefined;
  const weights = weightsOf(shared, averaging);
  const mine = shared.map(({ id, value }, at): [string, number] => [id, value * (weights[at] ?? 1)]);
  const theirs = shared.map(({ id }, at): [string, number] => [
    id,
    (others.get(id) ?? 0) * (weights[at] ?? 1),
  ]);
  const { lowerIsBetter } = left.receipt;
  return comparePaired(new Map(mine), new Map(theirs), {
    seed,
    rounds: roundsFor(shared.length),
    lowerIsBetter,
  });
}

/** Queries times rounds that a test may take: about half a second. */
const mostDraws = 5e7;

function roundsFor(queries: number): number {
  return Math.max(1000, Math.min(10_000, Math.floor(mostDraws / queries)));
}

/** A perplexity is tried as one first: where all queries are equal, every mean would fit. */
function waysOf(headline: string, lowerIsBetter: boolean): Averaging[] {
  const linear = [false, true].map((isByGroup) => ({ metric: headline, isLog: false, isByGroup }));
  const logarithmic = ["nll", headline].map((metric) => ({ metric, isLog: true, isByGroup: false }));
  return lowerIsBetter ? [...logarithmic, ...linear] : linear;
}

function isPossible(run: StoredRun, averaging: Averaging): boolean {
  if (run.results.length === 0) return true;
  const values = valuesOf(run, averaging);
  return values.length > 0 && values.every(({ value }) => Number.isFinite(value));
}

function valuesOf({ results }: StoredRun, { metric, isLog }: Averaging): Valued[] {
  return results.flatMap(({ id, group = "", metrics }) => {
    const value = metrics[metric];
    if (value === undefined) return [];
    // A mean negative log-likelihood is the logarithm already.
    return [{ id, group, value: isLog && metric !== "nll" ? Math.log(value) : value }];
  });
}

/** How much each query counts, 1 on average, so that groups count the same. */
function weightsOf(values: readonly Valued[], { isByGroup }: Averaging): number[] {
  if (!isByGroup) return values.map(() => 1);
  const sizes = new Map<string, number>();
  for (const { group } of values) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  return values.map(({ group }) => values.length / (sizes.size * (sizes.get(group) ?? 1)));
}

/**
 * Values whose mean is the headline and whose spread is that of the headline. Of means over groups that is the mean of
 * all plus each query's weighted distance from its group (its influence): what is drawn by chance are the queries within
 * a group, not how many queries a group has.
 */
function centred(values: readonly Valued[], averaging: Averaging): number[] {
  if (!averaging.isByGroup) return values.map(({ value }) => value);
  const sums = new Map<string, { sum: number; count: number }>();
  for (const { group, value } of values) {
    const { sum, count } = sums.get(group) ?? { sum: 0, count: 0 };
    sums.set(group, { sum: sum + value, count: count + 1 });
  }
  const means = new Map([...sums].map(([group, { sum, count }]) => [group, sum / count]));
  const middle = [...means.values()].reduce((sum, value) => sum + value, 0) / means.size;
  const weights = weightsOf(values, averaging);
  return values.map(
    ({ group, value }, at) => middle + (weights[at] ?? 1) * (value - (means.get(group) ?? value)),
  );
}
