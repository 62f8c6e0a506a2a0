/** Faults that would show after hours, shown before any work: the starting encoder and the guards. */

import { describeModel } from "../encoder/index.ts";
import { openEvaluator } from "../eval/index.ts";
import { RetrieveError } from "../std/index.ts";
import type { AdaptSettings } from "./config.ts";
import type { AdaptHooks } from "./hooks.ts";

/**
 * Throws `not_found` for an encoder or a guard that is not there, `invalid_data` for a guard that cannot be measured, and
 * `invalid_argument` for tasks that the encoder has no instructions for.
 */
export async function checkStart(
  { base, guards, sources, training }: AdaptSettings,
  { offline, signal }: AdaptHooks,
): Promise<void> {
  const { tasks } = await describeModel(base, { ...(offline && { offline }), ...(signal && { signal }) });
  const own = typeof training.instructions === "object" ? Object.keys(training.instructions) : [];
  const known = new Set([...tasks, ...own]);
  for (const { path, task } of [...sources, ...guards]) {
    if (task === undefined || known.has(task)) continue;
    throw new RetrieveError(
      "invalid_argument",
      `${path}: ${base} has no instructions for task ${task}; wanted one of ${[...known].join(", ")}`,
    );
  }
  await openEvaluator(guards, { ...(signal && { signal }) });
}
