/**
 * A training run: batches of one data set, gradients through GradCache, AdamW; logged, checkpointed, evaluated, resumed.
 * All that a step depends on is in the configuration and the last checkpoint, so that a run which was killed and resumed
 * gives the bits of one that was not.
 */

import { RetrieveError } from "../std/index.ts";
import { createAdamW } from "./adamw.ts";
import type { BatchItem } from "./batches/index.ts";
import { listCheckpoints, pruneCheckpoints } from "./checkpoint.ts";
import { type RunConfig, resolveConfig, type TrainConfig } from "./config.ts";
import { closeDataSets, type DataSet, drawBatches, openDataSets } from "./data.ts";
import { type Divergence, divergence } from "./divergence.ts";
import { evaluateCheckpoint, isDue, isOverdue, openEvaluations } from "./evaluations.ts";
import { finishRun, type TrainReport } from "./finish.ts";
import { openLog } from "./log.ts";
import { optimizerOptions } from "./parameter-groups.ts";
import { lockPlace, openPlace, type Place, restoreRun } from "./place.ts";
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
 * configuration than that of the run to resume; `locked` while another run trains there; `invalid_data` for malformed
 * rows and a damaged checkpoint; `diverged` when the loss runs away, after which the newest checkpoint is the last good
 * one.
 */
export async function train(given: TrainConfig, hooks: TrainHooks = {}): Promise<TrainReport> {
  const config = resolveConfig(given);
  const notices: string[] = [];
  const onNotice = (message: string): void => {
    notices.push(message);
    hooks.onNotice?.(message);
  };
  const told = { ...hooks, onNotice };
  const release = await lockPlace(config.out);
  try {
    const place = await openPlace(config, told);
    return place.finished ?? (await trainIn(place, config, told, notices));
  } finally {
    await release();
  }
}

async function trainIn(
  place: Place,
  config: RunConfig,
  hooks: TrainHooks,
  notices: readonly string[],
): Promise<TrainReport> {
  const sets = await openDataSets(config, hooks);
  try {
    const drawn = drawBatches(sets, config);
    await using student =
      config.train === "query" ? await openQueryStudent(config, hooks) : await openStudent(config, hooks);
    const run = await startRun(config, place, { hooks, sets, student, notices });
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
  const state = await restoreRun(place, { config, data, base: parts.student.base, arena, optimizer });
  const step = state?.step ?? 0;
  return {
    ...parts,
    config,
    optimizer,
    log: await openLog(config.out, step),
    evaluations: await openEvaluations(config.out, state?.step),
    paces: state?.paces ?? startSelfPaced([...new Set(parts.sets.map(({ file }) => file.task))]),
    step,
    saved: state?.step,
    before: state?.seconds ?? 0,
    started: performance.now(),
  };
}

async function runSteps(run: Run, drawn: Iterator<readonly BatchItem[]>): Promise<void> {
  const { config, hooks } = run;
  const { steps, warmup, schedule } = config;
  for (let skipped = 0; skipped < run.step; skipped++) drawn.next();
  const factorAt = createSchedule({ schedule, warmupSteps: Math.round(warmup * steps), steps });

  if (run.saved !== undefined)
    await evaluateCheckpoint(run); // what interrupted the run may have come before that
  else if (hooks.evaluate !== undefined) await save(run); // the base
  while (run.step < steps && !isOverdue(run)) {
    if (hooks.signal?.aborted) await interrupt(run, hooks.signal);
    const { value: batch = [] } = drawn.next();
    const entry = await update(run, batch, config.learningRate * factorAt(run.step));
    const lost = divergence([...run.log.entries, entry]);
    if (lost !== undefined) throw await diverged(run, lost);
    await run.log.append(entry);
    run.step = entry.step;
    hooks.onStep?.(entry, steps);
    if (isDue(run)) await save(run);
  }
}

/** Ends the run where it stands; nothing that was done is lost. */
async function interrupt(run: Run, signal: AbortSignal): Promise<never> {
  if (run.saved !== run.step) await save(run);
  throw signal.reason;
}

/** Keeps the checkpoints from before the run lost its way, and says so. */
async function diverged({ step, config }: Run, { problem, since }: Divergence): Promise<RetrieveError> {
  const { out, learningRate, temperature } = config;
  await pruneCheckpoints(out, (saved) => saved < since);
  const good = (await listCheckpoints(out)).at(-1);
  const kept =
    good === undefined
      ? "no checkpoint is from before that"
      : `the model of step ${good.step}, from before that, is ${good.folder}`;
  return new RetrieveError(
    "diverged",
    `${out}: stopped at step ${step + 1}, ${problem}; ${kept}; lower the learning rate (${learningRate}) ` +
      `or raise the temperature (${temperature}), and train to a new folder`,
  );
}
