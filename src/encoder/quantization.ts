/**
 * Weights in one byte: symmetric, one scale per output row, `weight ≈ int8 * scale`. Pure.
 *
 * Matrices keep to 7 bits, [-63, 63]: processors without VNNI add pairs of 8-bit products in 16 bits, and
 * 2 * 255 * 64 is the most that always fits, so that all processors compute the same. The word table is looked up,
 * not multiplied, and uses 8 bits.
 */

import { createTensor, type Tensor, toFloat32 } from "../tensor/index.ts";

/** The word table's name, in every architecture that opens here. */
export const wordTable = "embeddings.word_embeddings.weight";

/**
 * Relative error above which a matrix stays float32. A matrix whose rows hold a few large weights loses the small
 * ones; the matrices of the published encoders that keep a mean cosine above 0.985 lie under this.
 */
const maximalError = 0.06;

export interface Quantized {
  readonly values: Tensor & { readonly dtype: "int8" };
  /** [rows] */
  readonly scale: Tensor & { readonly dtype: "float32" };
  /** |weight - int8 * scale| / |weight|, both as Euclidean norms over the matrix. */
  readonly error: number;
}

/** Which weights can be int8: the matrices of the layers and the word table. */
export function isQuantizable(name: string): boolean {
  return (
    name === wordTable ||
    (/^encoder\.layer\.\d+\./.test(name) && /(query|key|value|dense)\.weight$/.test(name))
  );
}

/** The name of the scales of an int8 weight, beside it in the file. */
export function scaleName(name: string): string {
  return `${name}.scale`;
}

/** A [rows, columns] float32 matrix as int8 of at most `largest` in size. */
export function quantizeRows(weight: Tensor, largest: number): Quantized {
  const [rows = 0, columns = 0] = weight.shape;
  const source = toFloat32(weight);
  const values = new Int8Array(source.length);
  const scale = new Float32Array(rows);
  let [lost, total] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const from = row * columns;
    let most = 0;
    for (let at = from; at < from + columns; at++) most = Math.max(most, Math.abs(source[at] as number));
    const step = Math.fround(most / largest) || 1; // a row of zeros has any scale
    scale[row] = step;
    for (let at = from; at < from + columns; at++) {
      const exact = source[at] as number;
      const value = Math.max(-largest, Math.min(largest, Math.round(exact / step)));
      values[at] = value;
      lost += (exact - value * step) ** 2;
      total += exact ** 2;
    }
  }
  return {
    values: createTensor("int8", weight.shape, values),
    scale: createTensor("float32", [rows], scale),
    error: total === 0 ? 0 : Math.sqrt(lost / total),
  };
}

/** The weights with their matrices as int8 where that is accurate enough; `kept` names those that stay as they are. */
export function quantizeWeights(weights: ReadonlyMap<string, Tensor>): {
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly kept: readonly string[];
} {
  const kept: string[] = [];
  const quantized = new Map<string, Tensor>();
  for (const [name, weight] of weights) {
    const result = isQuantizable(name) && weight.dtype !== "int8" ? quantizeNamed(name, weight) : undefined;
    if (result !== undefined && result.error <= maximalError) {
      quantized.set(name, result.values).set(scaleName(name), result.scale);
    } else {
      if (result !== undefined) kept.push(name);
      quantized.set(name, weight);
    }
  }
  return { weights: quantized, kept };
}

/** The weights with every int8 matrix as float32, its scales gone. */
export function dequantizeWeights(weights: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const isScale = (name: string): boolean => weights.get(name.replace(/\.scale$/, ""))?.dtype === "int8";
  const floats = new Map<string, Tensor>();
  for (const [name, weight] of weights) {
    if (name.endsWith(".scale") && isScale(name)) continue;
    const scale = weight.dtype === "int8" ? weights.get(scaleName(name)) : undefined;
    floats.set(name, scale === undefined ? weight : dequantizeRows(weight, toFloat32(scale)));
  }
  return floats;
}

function quantizeNamed(name: string, weight: Tensor): Quantized {
  return quantizeRows(weight, name === wordTable ? 127 : 63);
}

function dequantizeRows(weight: Tensor, scale: Float32Array): Tensor {
  const columns = weight.shape[1] ?? 0;
  const floats = toFloat32(weight);
  for (const [row, step] of scale.entries()) {
    for (let at = row * columns; at < (row + 1) * columns; at++) floats[at] = (floats[at] as number) * step;
  }
  return createTensor("float32", weight.shape, floats);
}
