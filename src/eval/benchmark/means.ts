/** Means of what queries came to. */

import type { QueryResult } from "./receipt.ts";

/** The mean of each metric over the queries that have it. */
export function meansOf(results: readonly QueryResult[]): { readonly metrics: Record<string, number> } {
  const names = [...new Set(results.flatMap(({ metrics }) => Object.keys(metrics)))];
  const mean = (name: string): number => {
    const values = results.flatMap(({ metrics }) => metrics[name] ?? []);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return { metrics: Object.fromEntries(names.map((name) => [name, mean(name)])) };
}

/** The means of each group. */
export function groupMeans(
  results: readonly QueryResult[],
): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const groups = new Map<string, QueryResult[]>();
  for (const result of results) {
    const group = result.group ?? "";
    const own = groups.get(group);
    if (own === undefined) groups.set(group, [result]);
    else own.push(result);
  }
  return Object.fromEntries([...groups].map(([name, own]) => [name, meansOf(own).metrics]));
}
