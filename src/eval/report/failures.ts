/** The queries that a person should read: where a system did worst, and others did not. Pure. */

import type { QueryResult } from "../benchmark/receipt.ts";
import { headlineByQuery } from "./averaging.ts";
import type { FailedQuery, Failures } from "./data.ts";
import { areComparable, type NamedRun, type Scenario } from "./scenarios.ts";

/** Of each system. */
const shownFailures = 10;

/**
 * The worst queries of each system, worst first; among equals those that the other systems do best. What is perfect is no
 * failure.
 */
export function failuresOf(scenario: Scenario): Failures[] {
  return scenario.systems.flatMap((run) => {
    const queries = worstOf(run, scenario);
    const { llm, headline } = run.receipt;
    return queries.length === 0
      ? []
      : [{ title: scenario.title, system: run.label, llm, metric: headline, queries }];
  });
}

function worstOf(run: NamedRun, scenario: Scenario): FailedQuery[] {
  const { averaging, systems } = scenario;
  const shown = (value: number): number => (averaging.isLog ? Math.exp(value) : value);
  const others = systems
    .filter((other) => other !== run && areComparable(run, other))
    .map((other) => headlineByQuery(other, averaging));
  const sign = run.receipt.lowerIsBetter ? -1 : 1;
  const values = headlineByQuery(run, averaging);
  const candidates = run.results.flatMap((result) => {
    const value = values.get(result.id);
    if (value === undefined || (!run.receipt.lowerIsBetter && value >= 1)) return [];
    return [{ result, value, mean: meanOf(others.flatMap((other) => other.get(result.id) ?? [])) }];
  });
  const better = ({ value, mean = value }: (typeof candidates)[number]): number => sign * mean;
  return candidates
    .sort((left, right) => sign * (left.value - right.value) || better(right) - better(left))
    .slice(0, shownFailures)
    .map(({ result, value, mean }) => ({
      ...failed(result),
      value: shown(value),
      ...(mean !== undefined && { others: shown(mean) }),
    }));
}

function failed({ id, group, query, retrieved, gold = [], output }: QueryResult): Omit<FailedQuery, "value"> {
  return {
    id,
    ...(group !== undefined && { group }),
    query,
    retrieved: retrieved.map((hit) => ({
      id: hit.id,
      ...(hit.text !== undefined && { text: hit.text }),
      isGold: gold.includes(hit.id),
    })),
    gold,
    ...(output !== undefined && { output }),
  };
}

function meanOf(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
