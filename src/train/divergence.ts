/** Whether a run has lost its way. */

import type { LogEntry } from "./report.ts";

/** Updates of a data set whose mean loss is looked at: single batches differ much. */
const WINDOW = 20;
/** A loss this many times the one at the start is no fluctuation: there it was that of the base. */
const FACTOR = 3;

/**
 * Why training must stop after the last of `entries`, or undefined: a loss or gradient that is no finite number, or
 * the mean loss of a data set at three times of where it began.
 */
export function divergence(entries: readonly LogEntry[]): string | undefined {
  const last = entries.at(-1);
  if (last === undefined) return undefined;
  if (!Number.isFinite(last.loss)) return `the loss is ${last.loss}`;
  if (!Number.isFinite(last.gradientNorm)) return `the gradient is ${last.gradientNorm}`;
  const own = entries.filter(({ task }) => task === last.task);
  if (own.length < 3 * WINDOW) return undefined;
  const [first, now] = [meanLoss(own.slice(0, WINDOW)), meanLoss(own.slice(-WINDOW))];
  if (now < FACTOR * first) return undefined;
  const name = last.task === undefined ? "" : ` of ${last.task}`;
  return `the loss${name} has risen from ${first.toPrecision(3)} to ${now.toPrecision(3)}`;
}

/** The mean loss of entries, at least one. */
export function meanLoss(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, { loss }) => sum + loss, 0) / entries.length;
}
