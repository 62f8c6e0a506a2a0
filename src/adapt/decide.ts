/** Whether a candidate is accepted. Pure. */

import { comparePaired, holm, type Interval } from "../eval/index.ts";
import type { PerQuery } from "./measure.ts";
import { fewestHeldOut } from "./split.ts";

/** nDCG@10 of each query under both encoders. */
export interface Measured {
  readonly name: string;
  /** `task`: held-out rows of what was trained. `guard`: what must not get worse. */
  readonly kind: "task" | "guard";
  readonly before: PerQuery;
  readonly after: PerQuery;
}

export interface Rule {
  /** Fall of a mean that is borne. */
  readonly margin: number;
  /** Of the randomisation test. */
  readonly seed: number;
}

/** `too few`: fewer than ten queries, which decide nothing. */
export type Verdict = "better" | "worse" | "no difference" | "too few";

/** A task or guard under both encoders. */
export interface ComparedMetrics {
  readonly kind: Measured["kind"];
  readonly queries: number;
  /** Means of nDCG@10. */
  readonly before: number;
  readonly after: number;
  readonly difference: number;
  /** Of the difference, 95 %, by the bootstrap. */
  readonly interval: Interval;
  /** Two-sided, of the paired randomisation test. */
  readonly p: number;
  /** p after Holm's correction for all tasks and guards. */
  readonly correctedP: number;
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
  readonly verdict: Verdict;
}

export interface Decision {
  readonly accepted: boolean;
  /** Why, a sentence each. */
  readonly reasons: readonly string[];
  /** By name; a guard that has the name of a task is `NAME (guard)`. */
  readonly metrics: Readonly<Record<string, ComparedMetrics>>;
}

/** A difference is believed below this corrected p. */
export const level = 0.05;

/** The rule as people read it; {@link decide} is the rule as it is computed. */
export function ruleInWords({ margin }: Pick<Rule, "margin">): string {
  return (
    `The candidate is accepted if it is better on at least one task, and worse on no task and no guard. Better: its mean nDCG@10 ` +
    `is higher, and the two-sided paired randomisation test, corrected by Holm for all tasks and guards together, gives p below ` +
    `${level}. Worse: its mean is lower by more than ${margin}, whether or not chance could explain it; a fall of at most ${margin} ` +
    `is borne, whatever its p. A task or guard of fewer than ${fewestHeldOut} measured queries decides nothing: with such a task the ` +
    "candidate is refused, such a guard is told."
  );
}

/**
 * Accepts a candidate if and only if
 *
 * - on at least one task its mean nDCG@10 is higher and the p of the two-sided paired randomisation test, corrected by
 *   Holm over all tasks and guards, is below 0.05,
 * - on no task and no guard its mean is lower by more than `margin`, significantly or not, and
 * - every task has at least ten measured queries.
 *
 * Throws `invalid_argument` where the encoders share no query of a task or guard.
 */
export function decide(measured: readonly Measured[], rule: Rule): Decision {
  const compared = measured.map((one) => comparePaired(one.after, one.before, { seed: rule.seed }));
  const corrected = holm(compared.map(({ randomizationP }) => randomizationP));
  const rows = measured.map(({ name, kind, before, after }, place): readonly [string, ComparedMetrics] => {
    const comparison = compared[place];
    const correctedP = corrected[place] ?? 1;
    const { queries = 0, difference = 0, interval = { low: 0, high: 0 } } = comparison ?? {};
    const { randomizationP: p = 1, wins = 0, ties = 0, losses = 0 } = comparison ?? {};
    const verdict = verdictOf({ queries, difference, correctedP }, rule);
    const shown = {
      ...{ before: meanOf(before), after: meanOf(after), difference, interval },
      ...{ p, correctedP, wins, ties, losses, verdict },
    };
    return [labelOf(name, kind, measured), { kind, queries, ...shown }];
  });
  return { ...judge(rows, rule), metrics: Object.fromEntries(rows) };
}

function verdictOf(
  {
    queries,
    difference,
    correctedP,
  }: { readonly queries: number; readonly difference: number; readonly correctedP: number },
  { margin }: Rule,
): Verdict {
  if (queries < fewestHeldOut) return "too few";
  if (difference < -margin) return "worse";
  return difference > 0 && correctedP < level ? "better" : "no difference";
}

function judge(
  rows: readonly (readonly [string, ComparedMetrics])[],
  { margin }: Rule,
): Pick<Decision, "accepted" | "reasons"> {
  const named = (kind: Measured["kind"] | undefined, verdict: Verdict): string[] =>
    rows
      .filter(([, row]) => row.verdict === verdict && (kind === undefined || row.kind === kind))
      .map(([name, { before, after }]) => `${name} (${before.toFixed(4)} to ${after.toFixed(4)})`);
  const better = named("task", "better");
  const worse = named(undefined, "worse");
  const unmeasured = named("task", "too few");
  const against = [
    better.length === 0 ? "it is significantly better on no task" : "",
    worse.length > 0 ? `it is worse by more than ${margin} on ${worse.join(", ")}` : "",
    unmeasured.length > 0
      ? `fewer than ${fewestHeldOut} queries could be measured on ${unmeasured.join(", ")}`
      : "",
  ].filter((reason) => reason !== "");
  if (against.length > 0) return { accepted: false, reasons: against };
  return {
    accepted: true,
    reasons: [
      `it is significantly better on ${better.join(", ")}, and worse by more than ${margin} on nothing`,
    ],
  };
}

function labelOf(name: string, kind: Measured["kind"], all: readonly Measured[]): string {
  const isTwice = kind === "guard" && all.some((other) => other.kind === "task" && other.name === name);
  return isTwice ? `${name} (guard)` : name;
}

function meanOf(values: PerQuery): number {
  return [...values.values()].reduce((sum, value) => sum + value, 0) / values.size;
}
