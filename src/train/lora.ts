/** Low-rank adapters as training begins. Hu et al., LoRA (arXiv 2106.09685), section 4.1. */

import type { LowRank } from "../encoder/index.ts";
import { type Random, RetrieveError } from "../std/index.ts";
import { createTensor, type Tensor } from "../tensor/index.ts";

/**
 * The adapters of the matrices that `lora` chooses: A uniform in ±1/√in, as PEFT starts, and B zero, so that the model
 * is the base at first. Throws `invalid_argument` when no matrix is chosen.
 */
export function initialAdapters(
  weights: ReadonlyMap<string, Tensor>,
  { rank, adapts }: LowRank,
  random: Random,
): ReadonlyMap<string, Tensor> {
  const adapters = new Map<string, Tensor>();
  for (const [name, { shape }] of weights) {
    const [out, width] = shape;
    if (!adapts(name) || out === undefined || width === undefined) continue;
    const bound = 1 / Math.sqrt(width);
    const down = Float32Array.from({ length: rank * width }, () => (2 * random() - 1) * bound);
    adapters.set(`${name}.lora_A`, createTensor("float32", [rank, width], down));
    adapters.set(`${name}.lora_B`, createTensor("float32", [out, rank], new Float32Array(out * rank)));
  }
  if (adapters.size > 0) return adapters;
  throw new RetrieveError(
    "invalid_argument",
    'lora: no matrix of the base ends in one of the targets; "query" and "value" are usual ones',
  );
}
