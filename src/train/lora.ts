/** Low-rank adapters: made before training and merged after it. Hu et al., LoRA (arXiv 2106.09685), section 4.1. */

import type { LowRank } from "../encoder/index.ts";
import { type Random, RetrieveError } from "../std/index.ts";
import { createTensor, type Tensor, toFloat32 } from "../tensor/index.ts";

/**
 * The adapters of the matrices that `lora` chooses: A uniform in ±1/√in, as PEFT starts, and B zero, so that the model
 * is the base at first. Throws `invalid_argument` when no matrix is chosen, or one that has no such rank.
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
    if (rank > Math.min(out, width)) {
      throw new RetrieveError(
        "invalid_argument",
        `lora: rank ${rank} is more than ${name} [${out}, ${width}] has; make it smaller, 8 or 16 are usual`,
      );
    }
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

/** The weights with W + scale · B A in the place of each adapted W, without the adapters. */
export function mergeAdapters(
  weights: ReadonlyMap<string, Tensor>,
  { scale }: LowRank,
): ReadonlyMap<string, Tensor> {
  const merged = new Map<string, Tensor>();
  for (const [name, weight] of weights) {
    if (/\.lora_[AB]$/.test(name)) continue;
    const down = weights.get(`${name}.lora_A`);
    const up = weights.get(`${name}.lora_B`);
    merged.set(name, down === undefined || up === undefined ? weight : addProduct(weight, up, down, scale));
  }
  return merged;
}

/** W + scale · B A, for W [out, in], B [out, rank], A [rank, in]. Sums in float64. */
function addProduct(weight: Tensor, up: Tensor, down: Tensor, scale: number): Tensor {
  const [out = 0, width = 0] = weight.shape;
  const rank = down.shape[0] ?? 0;
  const [base, b, a] = [toFloat32(weight), toFloat32(up), toFloat32(down)];
  const sum = new Float32Array(base.length);
  for (let row = 0; row < out; row++) {
    for (let column = 0; column < width; column++) {
      let product = 0;
      for (let at = 0; at < rank; at++) {
        product += (b[row * rank + at] as number) * (a[at * width + column] as number);
      }
      sum[row * width + column] = (base[row * width + column] as number) + scale * product;
    }
  }
  return createTensor("float32", weight.shape, sum);
}
