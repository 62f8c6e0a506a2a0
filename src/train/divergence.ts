/** Whether a run has lost its way. */

import type { LogEntry } from "./report.ts";

/** Updates of a data set whose mean loss is looked at: single batches differ much. */
const WINDOW = 20;
/** A loss this many times the one at the start is no fluctuation: there it was that of the base. */
const FACTOR = 3;
/** Losses that begin near 0 may rise by less than this. */
const LEAST = 0.5;

export interface Divergence {
  readonly problem: string;
  /** Weights of this and later steps are no good. */
  readonly since: number;
}

/**
 * Why training must stop after the last of `entries`, or undefined: a loss or gradient that is no finite number, or
 * the mean loss of a data set at three times of where it began.
 */
export function divergence(entries: readonly LogEntry[]): Divergence | undefined {
  const last = entries.at(-1);
  if (last === undefined) return undefined;
  const since = last.step - 1; // those that gave this loss
  if (!Number.isFinite(last.loss)) return { problem: `the loss is ${last.loss}`, since };
  if (!Number.isFinite(last.gradientNorm)) return { problem: `the gradient is ${last.gradientNorm}`, since };
  const own = entries.filter(({ task }) => task === last.task);
  if (own.length < 3 * WINDOW) return undefined;
  const recent = own.slice(-WINDOW);
  const [first, now] = [meanLoss(own.slice(0, WINDOW)), meanLoss(recent)];
  if (now < FACTOR * first || now < first + LEAST) return undefined;
  const name = last.task === undefined ? "" : ` of ${last.task}`;
  const problem = `the loss${name} has risen from ${first.toPrecision(3)} to ${now.toPrecision(3)}`;
  return { problem, since: recent[0]?.step ?? since };
}

/** The mean loss of entries, at least one. */
export function meanLoss(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, { loss }) => sum + loss, 0) / entries.length;
}
