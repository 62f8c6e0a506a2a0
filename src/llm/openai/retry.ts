/** When a request is made again, and how long to wait before. */

import type { Refusal } from "./refusal.ts";

/** Milliseconds before the second try; each further wait is twice as long, up to {@link longestWait}. */
const firstWait = 500;
const longestWait = 30_000;
/** What a server may ask for with `Retry-After`; one that wants longer is given up. */
export const longestRetryAfter = 120_000;

/** Whether the same request can do better later: too many at once, a timeout, a fault of the server. */
export function isPassing({ status }: Refusal): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/** Milliseconds that `Retry-After` (RFC 9110, section 10.2.3: seconds, or a date) asks for; undefined without a sense. */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0);
}

/**
 * Milliseconds to wait after the given number of failed tries: doubled each time, and each between half and the whole
 * of it by chance, so that clients that failed together do not come back together.
 */
export function backoff(failed: number, random: () => number = Math.random): number {
  return Math.min(firstWait * 2 ** (failed - 1), longestWait) * (0.5 + random() / 2);
}
