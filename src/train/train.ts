/**
 * A training run: batches of one data set, gradients through GradCache, AdamW; logged, checkpointed, evaluated, resumed.
 * All that a step depends on is in the configuration and the last checkpoint, so that a run which was killed and resumed
 * gives the bits of one that was not.
 */

import { RetrieveError } from "../std/index.ts";
import { createAdamW } from "./adamw.ts";
import type { BatchItem } from "./batches/index.ts";
import { type RunConfig, resolveConfig, type TrainConfig } from "./config.ts";
import { closeDataSets, type DataSet, drawBatches, openDataSets } from "./data.ts";
import { divergence } from "./divergence.ts";
import { evaluateCheckpoint, isOverdue, readEvaluations } from "./evaluations.ts";
import { finishRun, type TrainReport } from "./finish.ts";
import { openLog } from "./log.ts";
import { optimizerOptions } from "./parameter-groups.ts";
import { openPlace, type Place, restoreRun } from "./place.ts";
import { openQueryStudent } from "./query-side.ts";
import type { Run, TrainHooks } from "./run.ts";
import { save } from "./save.ts";
import { createSchedule } from "./schedule.ts";
import { startSelfPaced } from "./self-paced.ts";
import { openStudent, type Student } from "./student.ts";
import { update } from "./update.ts";

/**
 * Trains an encoder and writes it, with a report, to `config.out`. Memory: 16 bytes a parameter, one chunk of the batch,
 * and the vectors of a batch.
 *
 * Throws `invalid_argument` for a wrong configuration, an `out` that is not empty without `resume`, and another
 * configuration than that of the run to resume; `invalid_data` for malformed rows; `diverged` when the loss runs away,
 * after which the newest checkpoint is the last good one.
 */
export async function train(given: TrainConfig, hooks: TrainHooks = {}): Promise<TrainReport> {
  const config = resolveConfig(given);
  const notices: string[] = [];
  const onNotice = (message: string): void => {
    notices.push(message);
    hooks.onNotice?.(message);
  };
  const told = { ...hooks, onNotice };
  const place = await openPlace(config.out, told);
  if (place.finished !== undefined) return place.finished;
  const sets = await openDataSets(config, told);
  try {
    const drawn = drawBatches(sets, config);
    await using student =
      config.train === "query" ? await openQueryStudent(config, told) : await openStudent(config, told);
    const run = await startRun(config, place, { hooks: told, sets, student, notices });
    await measureStart(run, place);
    await runSteps(run, drawn);
    return await finishRun(run);
  } finally {
    await closeDataSets(sets);
  }
}

interface Parts {
  readonly hooks: TrainHooks;
  readonly sets: readonly DataSet[];
  readonly student: Student;
  readonly notices: readonly string[];
}

async function startRun(config: RunConfig, place: Place, parts: Parts): Promise<Run> {
  const { arena } = parts.student.trainable;
  const optimizer = createAdamW(arena, optimizerOptions(config));
  const data = parts.sets.map(({ file }) => file.hash);
  const state = await restoreRun(place, { config, data, arena, optimizer });
  const step = state?.step ?? 0;
  return {
    ...parts,
    config,
    optimizer,
    log: await openLog(config.out, step),
    evaluations: await readEvaluations(config.out, step),
    paces: state?.paces ?? startSelfPaced([...new Set(parts.sets.map(({ file }) => file.task))]),
    step,
    saved: state?.step,
    before: state?.seconds ?? 0,
    started: performance.now(),
  };
}

/** Measures the base, or a checkpoint that the end of the process kept from being measured. */
async function measureStart(run: Run, { newest }: Place): Promise<void> {
  if (run.hooks.evaluate === undefined) return;
  if (newest === undefined) await save(run);
  else if (run.step === 0 || isSavePoint(run)) await evaluateCheckpoint(run, newest.folder);
}

function isSavePoint({ step, config: { steps, saveSteps } }: Run): boolean {
  return step === steps || (saveSteps > 0 && step % saveSteps === 0);
}

async function runSteps(run: Run, drawn: Iterator<readonly BatchItem[]>): Promise<void> {
  const { config, hooks } = run;
  const { steps, warmup, schedule } = config;
  for (let skipped = 0; skipped < run.step; skipped++) drawn.next();
  const factorAt = createSchedule({ schedule, warmupSteps: Math.round(warmup * steps), steps });

  while (run.step < steps && !isOverdue(run)) {
    if (hooks.signal?.aborted) await interrupt(run, hooks.signal);
    const { value: batch = [] } = drawn.next();
    const entry = await update(run, batch, config.learningRate * factorAt(run.step));
    const problem = divergence([...run.log.entries, entry]);
    if (problem !== undefined) throw diverged(run, problem);
    await run.log.append(entry);
    run.step = entry.step;
    hooks.onStep?.(entry, steps);
    if (isSavePoint(run)) await save(run);
  }
}

/** Ends the run where it stands; nothing that was done is lost. */
async function interrupt(run: Run, signal: AbortSignal): Promise<never> {
  if (run.saved !== run.step) await save({ ...run, hooks: {} });
  throw signal.reason;
}

function diverged(run: Run, problem: string): RetrieveError {
  const { step, saved, config } = run;
  const kept =
    saved === undefined ? "no checkpoint was written yet" : `the checkpoint of step ${saved} is kept`;
  return new RetrieveError(
    "diverged",
    `${config.out}: stopped at step ${step + 1}, ${problem}; ${kept}; lower the learning rate ` +
      `(${config.learningRate}) or raise the temperature (${config.temperature}), and train to a new folder`,
  );
}
