/** Stabilised (graded) distillation: the heart of LLM-Embedder. Rewards decide who must beat whom, and how much it counts. */

import { checkTemperature, type Loss } from "./loss.ts";
import { type Candidates, onScores, type ScoreResult } from "./scores.ts";
import { logAddExp, logSoftmax, logSumExp } from "./softmax.ts";

export interface StabilisedOptions {
  readonly temperature: number;
  /** Divides the rewards before they become weights: small trusts the best candidate alone. */
  readonly alpha: number;
  /** `reward`: own candidates ranked by reward (the paper). `reference`: the labelled positive first, whatever its reward. */
  readonly order: "reward" | "reference";
  /** Whether the other queries' keys are negatives too; default true. */
  readonly inBatch?: boolean;
}

/**
 * L_b = Σ_i w_bi (Z_bi - s_bi)      w_b = softmax(reward_b / alpha)
 *
 *   Z_bi = log (Σ_{l ≥ i} exp s_bl + Σ_{j in batch} exp s_bj)
 *
 * i and l count the own candidates of query b from rank 0: the candidate of each rank must beat the lower ranks and every
 * in-batch key. Equal rewards keep the order of the keys. Source: arXiv 2310.07554, section "Stabilized Distillation", and
 * its reference code, which ranks as `reference`.
 */
export function stabilised({ temperature, alpha, order, inBatch = true }: StabilisedOptions): Loss {
  checkTemperature("stabilised", { alpha });
  return onScores({ name: "stabilised", temperature, inBatch, needsTeacher: true }, (candidates) => {
    const weights = logSoftmax(candidates.teacher, alpha).map(Math.exp);
    return gradedCrossEntropy(candidates, weights, ranking(candidates.teacher, order));
  });
}

/** The own candidates, best first. */
function ranking(rewards: Float32Array, order: StabilisedOptions["order"]): number[] {
  const byReward = (left: number, right: number): number =>
    (rewards[right] as number) - (rewards[left] as number);
  const own = [...rewards.keys()];
  return order === "reward" ? own.sort(byReward) : [0, ...own.slice(1).sort(byReward)];
}

/**
 * The denominators come from each other, lowest rank first, so that all ranks cost one pass over the batch:
 *
 *   Z_N = log Σ_{j in batch} exp s_j      Z_i = log (exp s_i + exp Z_{i+1})
 *
 * and the gradient goes the same way back. With z_i = dL/dZ_i and dZ_i/dZ_{i+1} = exp(Z_{i+1} - Z_i):
 *
 *   z_i = w_i + z_{i-1} exp(Z_i - Z_{i-1})   dL/ds_i = z_i exp(s_i - Z_i) - w_i   dL/ds_j = z_N exp(s_j - Z_N), w_N = 0
 */
function gradedCrossEntropy(
  { scores, start, end }: Candidates,
  weights: Float64Array, // w of each own candidate [N], in the order of the keys
  ranks: readonly number[], // the own candidate at each rank [N]
): ScoreResult {
  const others = scores.slice().fill(Number.NEGATIVE_INFINITY, start, end);
  const totals = new Float64Array(ranks.length + 1); // Z
  const total = (rank: number): number => totals[rank] as number;
  totals[ranks.length] = logSumExp(others);
  let value = 0;
  for (const [rank, own] of [...ranks.entries()].reverse()) {
    const score = scores[start + own] as number;
    totals[rank] = logAddExp(score, total(rank + 1));
    value += (weights[own] as number) * (total(rank) - score);
  }

  const ownGradient = new Float64Array(ranks.length);
  let flow = 0; // z
  for (const [rank, own] of ranks.entries()) {
    const weight = weights[own] as number;
    flow = weight + (rank === 0 ? 0 : flow * Math.exp(total(rank) - total(rank - 1)));
    ownGradient[own] = flow * Math.exp((scores[start + own] as number) - total(rank)) - weight;
  }
  const last = total(ranks.length);
  flow *= Math.exp(last - total(ranks.length - 1));
  // Without any other key Z_N is -Infinity, and so is each masked score: neither has a slope.
  const gradient = others.map((score) =>
    score === Number.NEGATIVE_INFINITY ? 0 : flow * Math.exp(score - last),
  );
  gradient.set(ownGradient, start);
  return { value, gradient };
}
