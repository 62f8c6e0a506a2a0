/** How good the checkpoints are: a line of JSON each in `OUT/training/evaluations.jsonl`. */

import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { openEncoder } from "../encoder/index.ts";
import { diskError, formatJsonLine, RetrieveError, writeFileAtomic } from "../std/index.ts";
import { checkpointFolder } from "./checkpoint.ts";
import { readEntries } from "./log.ts";
import type { Evaluation } from "./report.ts";
import type { Run } from "./run.ts";

/** Those of a run whose newest checkpoint is of `saved`: later ones are dropped; all of them where there is none. */
export async function openEvaluations(out: string, saved = -1): Promise<Evaluation[]> {
  const found = await readEntries<Evaluation>(pathOf(out));
  const kept = found.filter(({ step }) => step <= saved);
  if (found.length > 0) await writeFileAtomic(pathOf(out), kept.map(formatJsonLine).join(""));
  return kept;
}

/** Measures the checkpoint of the present step, if that is due and was not done before. */
export async function evaluateCheckpoint(run: Run): Promise<void> {
  const { hooks, evaluations, step, config } = run;
  if (hooks.evaluate === undefined || !isDue(run)) return;
  if (evaluations.some((evaluation) => evaluation.step === step)) return;
  await using encoder = await openEncoder(checkpointFolder(config.out, step));
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

/** Whether the present step ends in a checkpoint that is measured, whatever interrupted the run. */
export function isDue({ step, config: { steps, saveSteps } }: Run): boolean {
  return step === steps || step === 0 || (saveSteps > 0 && step % saveSteps === 0);
}

/** The best of the evaluations after training began, the first of equal ones; undefined without any. */
export function bestOf(evaluations: readonly Evaluation[], metric: string): Evaluation | undefined {
  const scoreOf = ({ metrics }: Evaluation): number => {
    const score = metrics[metric] ?? Number.NaN; // what is no number becomes null on disk
    return Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score;
  };
  const [best] = evaluations
    .filter(({ step }) => step > 0)
    .sort((a, b) => Number(scoreOf(b) > scoreOf(a)) - Number(scoreOf(a) > scoreOf(b)) || a.step - b.step);
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
