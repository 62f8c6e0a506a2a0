/** One optimizer update: the gradients of a batch, or of its parts, and a step of AdamW. */

import type { BatchItem } from "./batches/index.ts";
import { readGroups } from "./data.ts";
import type { LogEntry } from "./report.ts";
import type { Run } from "./run.ts";
import { paceStep, type SelfPacedState } from "./self-paced.ts";
import { accumulateBatch, type BatchLoss } from "./step.ts";

/** Updates the weights of `run`, unless the gradient is not finite; counting the step is left to the caller. */
export async function update(run: Run, batch: readonly BatchItem[], learningRate: number): Promise<LogEntry> {
  const started = performance.now();
  const { config, sets, student, optimizer } = run;
  student.trainable.arena.zeroGradients();
  const parts = await accumulateParts(run, batch);
  const losses = meanByTask(parts);
  const loss = mean(parts.map((part) => part.loss));
  const paced = learningRate * (config.selfPaced ? paceOf(run.paces, losses) : 1);
  const clip = config.clip > 0 ? config.clip : Number.POSITIVE_INFINITY;
  const gradientNorm = Number.isFinite(loss) ? optimizer.step({ learningRate: paced, clip }) : Number.NaN;
  if (config.selfPaced) run.paces = paceStep(run.paces, losses);
  const names = [...new Set(batch.map(({ dataset }) => sets[dataset]?.file.name))];
  return {
    step: run.step + 1,
    loss,
    learningRate: paced,
    gradientNorm,
    tokens: parts.reduce((sum, { tokens }) => sum + tokens, 0),
    seconds: (performance.now() - started) / 1000,
    task: names.length === 1 ? names[0] : undefined,
  };
}

async function accumulateParts(run: Run, batch: readonly BatchItem[]): Promise<BatchLoss[]> {
  const { config, sets, student, step } = run;
  const { accumulation, seed } = config;
  const size = batch.length / accumulation;
  const context = { ...student, maskFalseNegatives: config.maskFalseNegatives };
  const parts: BatchLoss[] = [];
  for (let part = 0; part < accumulation; part++) {
    const items = await readGroups(sets, batch.slice(part * size, (part + 1) * size), config);
    const pass = { seed, number: step * accumulation + part };
    parts.push(await accumulateBatch(items, context, pass, 1 / accumulation));
  }
  return parts;
}

/** The mean loss of each task over the parts that it occurs in. */
function meanByTask(parts: readonly BatchLoss[]): Record<string, number> {
  const tasks = new Set(parts.flatMap(({ losses }) => Object.keys(losses)));
  return Object.fromEntries(
    [...tasks].map((task) => [task, mean(parts.flatMap(({ losses }) => losses[task] ?? []))]),
  );
}

/** A batch of several tasks learns at the mean of their rates. */
function paceOf({ tasks }: SelfPacedState, losses: Readonly<Record<string, number>>): number {
  return mean(Object.keys(losses).map((task) => tasks[task]?.factor ?? 1));
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
