/**
 * Self-paced learning rates: a task whose loss has fallen less than the others' learns faster.
 *
 * The later version of LLM-Embedder (ACL 2024, "self-paced scheduling") has this idea; its formula is not in our source,
 * and this one is our reading:
 *
 *   factor_T = clamp((L_T / L_T at the start) / mean over tasks, 0.5, 2)
 *
 * L_T is the mean loss of task T since the last refresh, "at the start" the one of its first refresh. Functions are pure,
 * and the state is plain JSON: a part of a checkpoint.
 */

import { RetrieveError } from "../std/index.ts";

export interface SelfPacedState {
  /** Steps since the last refresh. */
  readonly step: number;
  readonly tasks: Readonly<Record<string, TaskPace>>;
}

export interface TaskPace {
  /** Sum and number of the losses since the last refresh. */
  readonly sum: number;
  readonly count: number;
  /** The mean loss of the first refresh that saw the task; null before. */
  readonly initial: number | null;
  /** The mean loss of the last refresh that saw the task, over `initial`. */
  readonly ratio: number;
  /** What the learning rate of this task is multiplied by. */
  readonly factor: number;
}

/** The losses of one step: that of each task that took part. */
export type TaskLosses = Readonly<Record<string, number>>;

/** The state before the first step: every factor is 1. */
export function startSelfPaced(tasks: readonly string[]): SelfPacedState {
  const start: TaskPace = { sum: 0, count: 0, initial: null, ratio: 1, factor: 1 };
  return { step: 0, tasks: Object.fromEntries(tasks.map((task) => [task, start])) };
}

/**
 * The state after a step; factors change every `refreshSteps` steps.
 *
 * A task that was not seen since the last refresh keeps its ratio; one never seen keeps factor 1 and is no part of the
 * mean. Throws `invalid_argument` for an unknown task and a loss that is not finite.
 */
export function paceStep(state: SelfPacedState, losses: TaskLosses, refreshSteps = 1000): SelfPacedState {
  const tasks = { ...state.tasks };
  for (const [task, loss] of Object.entries(losses)) {
    const pace = tasks[task];
    if (pace === undefined || !Number.isFinite(loss)) throw refusal(task, loss, Object.keys(tasks));
    tasks[task] = { ...pace, sum: pace.sum + loss, count: pace.count + 1 };
  }
  const step = state.step + 1;
  return step < refreshSteps ? { step, tasks } : { step: 0, tasks: refresh(tasks) };
}

function refresh(tasks: Readonly<Record<string, TaskPace>>): Record<string, TaskPace> {
  const measured = Object.entries(tasks).map(([task, pace]) => [task, measure(pace)] as const);
  const seen = measured.map(([, pace]) => pace).filter(({ initial }) => initial !== null);
  const mean = seen.reduce((sum, { ratio }) => sum + ratio, 0) / seen.length;
  const paced = measured.map(([task, pace]): [string, TaskPace] => {
    const factor = pace.initial === null || mean === 0 ? 1 : clamp(pace.ratio / mean);
    return [task, { ...pace, factor }];
  });
  return Object.fromEntries(paced);
}

/** Closes the interval of one task. A loss that is 0 at the start leaves nothing to pace: its ratio is 1. */
function measure(pace: TaskPace): TaskPace {
  if (pace.count === 0) return pace;
  const loss = pace.sum / pace.count;
  const initial = pace.initial ?? loss;
  return { ...pace, sum: 0, count: 0, initial, ratio: initial === 0 ? 1 : loss / initial };
}

function clamp(factor: number): number {
  return Math.min(2, Math.max(0.5, factor));
}

function refusal(task: string, loss: number, known: readonly string[]): RetrieveError {
  return new RetrieveError(
    "invalid_argument",
    `self-paced: loss ${loss} of task "${task}"; a finite loss of a known task is wanted: ${known.join(", ")}`,
  );
}
