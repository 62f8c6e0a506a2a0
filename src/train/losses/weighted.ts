/** Sums of losses. */

import { RetrieveError } from "../../std/index.ts";
import type { Loss, LossResult } from "./loss.ts";

export interface WeightedLoss {
  readonly loss: Loss;
  readonly weight: number;
}

/** L = Σ weight · loss. Throws `invalid_argument` for an empty list or a weight that is not finite. */
export function weighted(parts: readonly WeightedLoss[]): Loss {
  for (const { weight } of parts) {
    if (!Number.isFinite(weight)) throw refusal(`a weight is ${weight}; a finite number is wanted`);
  }
  if (parts.length === 0) throw refusal("there is no loss to sum; give at least one");
  return (batch) => weightedSum(parts.map(({ loss, weight }) => ({ result: loss(batch), weight })));
}

/** The results of losses on one batch, added up: at least one. */
export function weightedSum(
  parts: readonly { readonly result: LossResult; readonly weight: number }[],
): LossResult {
  const sum = (numbers: (result: LossResult) => Float32Array): Float32Array => {
    const total = new Float64Array(parts[0] === undefined ? 0 : numbers(parts[0].result).length);
    for (const { result, weight } of parts) {
      for (const [at, number] of numbers(result).entries())
        total[at] = (total[at] as number) + weight * number;
    }
    return Float32Array.from(total);
  };
  return {
    value: parts.reduce((total, { result, weight }) => total + weight * result.value, 0),
    queryGradient: sum(({ queryGradient }) => queryGradient),
    keyGradient: sum(({ keyGradient }) => keyGradient),
  };
}

function refusal(fault: string): RetrieveError {
  return new RetrieveError("invalid_argument", `weighted: ${fault}`);
}
