/** Benchmark runs as the command line shows them. */

import type { BenchmarkRun, Receipt } from "../eval/index.ts";
import { table } from "./layout.ts";
import { print, type Terminal } from "./terminal.ts";

/** A receipt in the shape that the command line prints. */
export function reportOf(receipt: Receipt): {
  readonly metrics: Readonly<Record<string, number>>;
  readonly method: string;
  readonly [field: string]: unknown;
} {
  const { benchmark, data, system, metrics, queries, corpus, seconds, llm, excluded, groups } = receipt;
  const { model, method } = system;
  return {
    ...{
      metrics,
      queries,
      corpus,
      seconds,
      model,
      method,
      llm,
      benchmark,
      data: data.name,
      split: data.split,
    },
    ...{ excluded, ...(groups && { groups }) },
  };
}

/** A line a run, with the first metrics. */
export function showRuns(terminal: Terminal, runs: readonly BenchmarkRun[], hasSets: boolean): void {
  const names = [...new Set(runs.flatMap(({ receipt }) => Object.keys(receipt.metrics)))].slice(0, 5);
  const hasModels = runs.some(({ receipt }) => receipt.llm !== null);
  const rows = runs.map(({ receipt: { data, system, llm, metrics, queries, seconds } }) => [
    ...(hasSets ? [data.name] : []),
    system.model ?? "-",
    system.method,
    ...(hasModels ? [llm ?? "-"] : []),
    ...names.map((name) => metrics[name]?.toFixed(4) ?? ""),
    ...[String(queries), seconds.toFixed(1)],
  ]);
  const heading = [
    ...(hasSets ? ["set"] : []),
    ...["model", "method"],
    ...(hasModels ? ["llm"] : []),
    ...names,
    ...["queries", "s"],
  ];
  for (const line of table([heading, ...rows])) print(terminal, line);
  const excluded = new Map(runs.flatMap(({ receipt }) => Object.entries(receipt.excluded)));
  for (const [reason, count] of excluded) print(terminal, `left out: ${count} ${reason}`);
}
