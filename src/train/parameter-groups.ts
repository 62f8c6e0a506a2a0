/** What a configuration says of single parameters: whether they train, how fast, and whether they decay. */

import { type AdamWOptions, decaysByDefault } from "./adamw.ts";
import type { ParameterGroup, RunConfig } from "./config.ts";

type GroupConfig = Pick<RunConfig, "parameterGroups" | "lora">;

/** Whether a parameter trains: all do that no group freezes, and with low-rank adapters those alone. */
export function trainedBy({ parameterGroups, lora }: GroupConfig): (name: string) => boolean {
  const isCandidate = (name: string): boolean => lora === null || /\.lora_[AB]$/.test(name);
  return (name) => isCandidate(name) && groupOf(parameterGroups, name)?.frozen !== true;
}

/** The options of the optimizer. */
export function optimizerOptions({
  weightDecay,
  parameterGroups,
}: Pick<RunConfig, "weightDecay" | "parameterGroups">): AdamWOptions {
  return {
    weightDecay,
    decays: (name) => groupOf(parameterGroups, name)?.decay ?? decaysByDefault(name),
    learningRateScale: (name) => groupOf(parameterGroups, name)?.learningRate ?? 1,
  };
}

function groupOf(groups: readonly ParameterGroup[], name: string): ParameterGroup | undefined {
  return groups.find(({ match }) => name.includes(match));
}
