/** The memory of this process. */

import { readFileSync } from "node:fs";

/**
 * The most memory that this process has held, in MB; Linux only. Not the peak of getrusage, which a child takes over
 * from the process that started it.
 */
export function peakMegabytes() {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Math.round(Number(kilobytes) / 1000);
}
