/** Learning-rate schedules: a factor for each step of a run, from warm-up to end. Same formulas as `transformers`. */

import { RetrieveError } from "../std/index.ts";

export interface ScheduleOptions {
  readonly schedule: Schedule;
  /** Steps of linear growth from 0; the first step has factor 0 where there are any. */
  readonly warmupSteps: number;
  /** Steps of the whole run, warm-up included. */
  readonly steps: number;
}

export type Schedule = "constant" | "linear" | "cosine";

/** From the part of the run after warm-up that is over, 0 to 1, to a factor. */
const decays: Readonly<Record<Schedule, (done: number) => number>> = {
  constant: () => 1,
  linear: (done) => 1 - done,
  cosine: (done) => (1 + Math.cos(Math.PI * done)) / 2,
};

/**
 * The factor of the learning rate at a step, counted from 0:
 *
 *   step / warmupSteps during warm-up, then decay((step - warmupSteps) / (steps - warmupSteps))
 *
 * and the decay's end from `steps` on. Throws `invalid_argument` for counts that are not whole, and more warm-up than run.
 */
export function createSchedule({ schedule, warmupSteps, steps }: ScheduleOptions): (step: number) => number {
  if (!Number.isInteger(steps) || !Number.isInteger(warmupSteps) || warmupSteps < 0 || warmupSteps > steps) {
    throw new RetrieveError(
      "invalid_argument",
      `schedule: ${warmupSteps} steps of warm-up in a run of ${steps}; whole numbers are wanted, and no more than the run has`,
    );
  }
  const decay = decays[schedule];
  return (step) => {
    if (step < warmupSteps) return step / warmupSteps;
    return decay(step < steps ? (step - warmupSteps) / (steps - warmupSteps) : 1);
  };
}
