/** Benchmark runs as the command line shows them. */

import type { Command } from "commander";
import stringWidth from "string-width";
import type { BenchmarkRun, Receipt } from "../eval/index.ts";
import { minOption } from "./eval-floor.ts";
import { languageModelOptions } from "./language-model.ts";
import { table } from "./layout.ts";
import { option, wholeNumber } from "./options.ts";
import { columns, print, type Terminal } from "./terminal.ts";

/** The flags of every benchmark that makes receipts. */
export function addRunOptions(verb: Command): void {
  verb
    .addOption(option("--max-queries <n>", "at most so many, evenly spaced").argParser(wholeNumber(1)))
    .addOption(option("--seed <n>", "of all that is drawn").default(0).argParser(wholeNumber(0)))
    .addOption(option("--out <folder>", "receipts, and the result of each query as JSON Lines"))
    .addOption(option("--cache <folder>", "of what language models were asked"))
    .addOption(minOption());
  for (const shared of languageModelOptions()) verb.addOption(shared);
}

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

/** A line a run: the headline, and as many more metrics as the terminal is wide. */
export function showRuns(terminal: Terminal, runs: readonly BenchmarkRun[], hasSets: boolean): void {
  const receipts = runs.map(({ receipt }) => receipt);
  const all = receipts.flatMap(({ headline, metrics }) => [headline, ...Object.keys(metrics)]);
  const names = [...new Set(all)].slice(0, mostMetrics);
  let lines = linesOf(receipts, names, hasSets);
  while (names.length > 1 && lines.some((line) => stringWidth(line) > columns(terminal))) {
    names.pop();
    lines = linesOf(receipts, names, hasSets);
  }
  for (const line of lines) print(terminal, line);
  const excluded = new Map(receipts.flatMap((receipt) => Object.entries(receipt.excluded)));
  for (const [reason, count] of excluded) print(terminal, `left out: ${count} ${reason}`);
}

const mostMetrics = 5;

function linesOf(receipts: readonly Receipt[], names: readonly string[], hasSets: boolean): string[] {
  const hasModels = receipts.some(({ llm }) => llm !== null);
  const heading = [
    ...(hasSets ? ["set"] : []),
    ...["model", "method"],
    ...(hasModels ? ["llm"] : []),
    ...names,
    ...["queries", "s"],
  ];
  const rows = receipts.map(({ data, system, llm, metrics, queries, seconds }) => [
    ...(hasSets ? [data.name] : []),
    system.model ?? "-",
    system.method,
    // What follows the name tells weights apart, for receipts; here it only takes room.
    ...(hasModels ? [llm?.replace(/#[0-9a-f]+$/, "") ?? "-"] : []),
    ...names.map((name) => metrics[name]?.toFixed(4) ?? ""),
    ...[String(queries), seconds.toFixed(1)],
  ]);
  return table([heading, ...rows]);
}
