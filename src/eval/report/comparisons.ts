/** Which systems of a scenario are compared, and what came out, corrected for the number of comparisons. Pure. */

import { type Comparison, holm } from "../statistics.ts";
import { compareRuns } from "./averaging.ts";
import type { ComparisonRow, Verdict } from "./data.ts";
import { areComparable, type NamedRun, type Scenario } from "./scenarios.ts";

/** Below it a corrected p is taken for more than chance. */
const level = 0.05;

/** A comparison before it is corrected. */
export interface Compared extends Comparison {
  readonly scenario: Scenario;
  readonly left: NamedRun;
  readonly right: NamedRun;
}

/**
 * Every system against the first that is comparable (none, random, recency, bm25, then others), and the encoders of one
 * method against each other. Pairs without a query that both have are left out.
 */
export function comparisonsOf(scenario: Scenario, seed: number): Compared[] {
  return pairsOf(scenario.systems).flatMap(([left, right]) => {
    const comparison = compareRuns(left, right, scenario.averaging, seed);
    return comparison === undefined ? [] : [{ ...comparison, scenario, left, right }];
  });
}

/** Corrects all comparisons of a report together and says what each shows; those of tiny models are not judged. */
export function judged(compared: readonly Compared[], tinyModels: readonly string[]): ComparisonRow[] {
  const corrected = holm(compared.map(({ randomizationP }) => randomizationP));
  return compared.map(({ scenario, left, right, ...comparison }, at) => {
    const { llm, lowerIsBetter, headline } = left.receipt;
    const holmP = corrected[at] ?? 1;
    const isTiny = llm !== null && tinyModels.includes(llm);
    return {
      ...comparison,
      title: scenario.title,
      llm,
      left: left.label,
      right: right.label,
      unit: scenario.averaging.isLog ? `log ${headline}` : headline,
      lowerIsBetter,
      holmP,
      verdict: isTiny ? "not judged" : verdictOf(comparison.difference, lowerIsBetter, holmP),
    };
  });
}

function verdictOf(difference: number, lowerIsBetter: boolean, holmP: number): Verdict {
  if (holmP >= level || difference === 0) return "unclear";
  return difference > 0 === lowerIsBetter ? "worse" : "better";
}

function pairsOf(systems: readonly NamedRun[]): [NamedRun, NamedRun][] {
  const pairs: [NamedRun, NamedRun][] = [];
  for (const [at, left] of systems.entries()) {
    const earlier = systems.slice(0, at).filter((right) => areComparable(left, right));
    const [baseline] = earlier;
    if (baseline === undefined) continue;
    pairs.push([left, baseline]);
    const rivals = earlier.slice(1).filter((right) => areRivals(left, right));
    for (const right of rivals) pairs.push([left, right]);
  }
  return pairs;
}

/** Two encoders used in the same way. */
function areRivals(
  { receipt: { system: left } }: NamedRun,
  { receipt: { system: right } }: NamedRun,
): boolean {
  if (left.model === null || right.model === null || left.method !== right.method) return false;
  return left.model !== right.model || left.fingerprint !== right.fingerprint;
}
