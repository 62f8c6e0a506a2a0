/** Tiny encoders that train, for tests: their weights are small enough to see every gradient. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseTransformerConfig } from "#src/encoder/config.js";
import type { Pooling } from "#src/encoder/index.js";
import { stripPrefix } from "#src/encoder/weights.js";
import { parseSafetensors, type Tensor } from "#src/tensor/index.js";
import { openTrainable, type Trainable, type TrainableOptions } from "#src/train/index.js";
import { goldenFolder } from "../encoder/golden.ts";

export const poolings = { "tiny-bert": "mean", "tiny-roberta": "cls" } as const satisfies Record<
  string,
  Pooling
>;
export type TinyName = keyof typeof poolings;

/** A model of test/golden whose embeddings have length 1, on one core. */
export async function openTiny(name: TinyName, options: Partial<TrainableOptions> = {}): Promise<Trainable> {
  const folder = join(goldenFolder, name);
  const json = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  return await openTrainable({
    config: parseTransformerConfig(json, folder),
    pooling: poolings[name],
    normalize: true,
    weights: await tinyWeights(name),
    threads: 1,
    ...options,
  });
}

export async function tinyWeights(name: TinyName): Promise<ReadonlyMap<string, Tensor>> {
  return stripPrefix(parseSafetensors(await readFile(join(goldenFolder, name, "model.safetensors"))).tensors);
}

/** Texts of the golden batches are their token ids. */
export function idsOf(text: string): Int32Array {
  return Int32Array.from(text.split(" "), Number);
}
