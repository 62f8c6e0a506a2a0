/** What `retrieve train --dry-run` tells a person. */

import type { LossTerm, TrainingPlan } from "../train/index.ts";
import { cut, printable, table } from "./layout.ts";
import { duration, shortNumber } from "./pace.ts";
import { columns, print, type Terminal } from "./terminal.ts";

/** Prints a plan. */
export function showPlan(terminal: Terminal, plan: TrainingPlan): void {
  const { config, parameters, trained, tokensPerStep, tokensPerSecond, seconds, bytes } = plan;
  const { base, steps, batchSize, groupSize } = config;
  const moving = trained === parameters ? "" : `, ${shortNumber(trained)} of them moving`;
  const lines = [
    ...table([["data set", "task", "rows", "scored", "positive", "negative", "losses"], ...dataRows(plan)]),
    "",
    ...table([["task", "rows", "queries seen", "epochs"], ...taskRows(plan)]),
    "",
    `base    ${printable(base)}, ${shortNumber(parameters)} parameters${moving}`,
    `steps   ${steps} of ${batchSize} queries, each with up to ${groupSize} texts of its own`,
    `tokens  ${shortNumber(tokensPerStep)} a step, ${shortNumber(tokensPerSecond)} a second here`,
    `time    about ${duration(seconds)}, evaluations not counted`,
    `memory  about ${Math.round(bytes / 1e7) * 10} MB`,
    "Nothing was trained or written.",
  ];
  for (const line of lines) print(terminal, cut(line, columns(terminal)));
}

function dataRows({ data }: TrainingPlan): string[][] {
  return data.map(({ name, task, rows, scored, positive, negative, losses }) => [
    cut(printable(name), 20),
    cut(printable(task), 12),
    String(rows),
    String(scored),
    positive,
    negative,
    losses.map(lossName).join(" + "),
  ]);
}

function lossName(term: LossTerm): string {
  return term.weight === undefined ? term.kind : `${term.weight} ${term.kind}`;
}

function taskRows({ tasks }: TrainingPlan): string[][] {
  return tasks.map(({ task, rows, seen, epochs }) => [
    printable(task),
    String(rows),
    String(seen),
    epochs.toFixed(1),
  ]);
}
