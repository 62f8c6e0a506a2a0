/** Low-rank adapters made part of the matrices that they adapt. Hu et al., LoRA (arXiv 2106.09685), section 4.1. Pure. */

import { createTensor, type Tensor, toFloat32 } from "../tensor/index.ts";

/**
 * The weights with W + scale · B A in the place of each W that has `W.lora_A` and `W.lora_B` beside it, without these.
 * B A is summed in float64.
 */
export function mergeAdapters(
  weights: ReadonlyMap<string, Tensor>,
  { scale }: { readonly scale: number },
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
