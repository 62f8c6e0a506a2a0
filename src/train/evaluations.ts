/** How good the checkpoints are: a line of JSON each in `OUT/training/evaluations.jsonl`. */

import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { openEncoder } from "../encoder/index.ts";
import { diskError, formatJsonLine, RetrieveError } from "../std/index.ts";
import { readEntries } from "./log.ts";
import type { Evaluation } from "./report.ts";
import type { Run } from "./run.ts";

/** Those of the steps up to `step`. */
export async function readEvaluations(out: string, step: number): Promise<Evaluation[]> {
  const found = await readEntries<Evaluation>(pathOf(out));
  const bySteps = new Map(found.map((evaluation) => [evaluation.step, evaluation]));
  return [...bySteps.values()].filter((evaluation) => evaluation.step <= step);
}

/** Measures the model in `folder`, the checkpoint of the present step, once. */
export async function evaluateCheckpoint(run: Run, folder: string): Promise<void> {
  const { hooks, evaluations, step, config } = run;
  if (hooks.evaluate === undefined || evaluations.some((evaluation) => evaluation.step === step)) return;
  await using encoder = await openEncoder(folder);
  const metrics = await hooks.evaluate(encoder);
  if (!(config.metric in metrics)) {
    const known = Object.keys(metrics).join(", ");
    throw new RetrieveError(
      "invalid_argument",
      `training: no metric ${config.metric} to choose by; there are ${known}`,
    );
  }
  const path = pathOf(config.out);
  await appendFile(path, formatJsonLine({ step, metrics })).catch((error: unknown) => {
    throw diskError(error, path);
  });
  evaluations.push({ step, metrics });
  hooks.onEvaluation?.({ step, metrics });
}

/** The best of the evaluations after training began, the first of equal ones; undefined without any. */
export function bestOf(evaluations: readonly Evaluation[], metric: string): Evaluation | undefined {
  const scoreOf = ({ metrics }: Evaluation): number => metrics[metric] ?? Number.NEGATIVE_INFINITY;
  const [best] = evaluations
    .filter(({ step }) => step > 0)
    .sort((a, b) => scoreOf(b) - scoreOf(a) || a.step - b.step);
  return best;
}

/** Whether so many evaluations in a row were no better that the run should end. */
export function isOverdue({ evaluations, config: { metric, patience } }: Run): boolean {
  const best = bestOf(evaluations, metric);
  if (patience === 0 || best === undefined) return false;
  return evaluations.filter(({ step }) => step > best.step).length >= patience;
}

function pathOf(out: string): string {
  return join(out, "training", "evaluations.jsonl");
}
