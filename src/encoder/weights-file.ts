/** The weights of a model folder, read from disk as they are stored. */

import { diskError, messageOf, RetrieveError, readBytes } from "../std/index.ts";
import { parseSafetensors, type Tensor } from "../tensor/index.ts";
import { sha256 } from "./fingerprint.ts";
import type { ModelFolder } from "./folder.ts";
import { dequantizeWeights } from "./quantization.ts";
import { buildTransformer } from "./transformer.ts";
import { int8Names, selectWeights, stripPrefix } from "./weights.ts";

export interface StoredWeights {
  /** By the names of the graph, in the types of the file: views of it. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** SHA-256 of the file. */
  readonly sha256: string;
}

/** Reads model.safetensors. Throws `unsupported` for a model of ONNX only, `invalid_data` naming the file. */
export async function readWeights({ path, weights }: ModelFolder): Promise<StoredWeights> {
  if (weights.kind !== "safetensors") {
    throw new RetrieveError(
      "unsupported",
      `${path}: has ONNX only; model.safetensors is wanted to convert it`,
    );
  }
  try {
    const bytes = await readBytes(weights.path);
    return { weights: stripPrefix(parseSafetensors(bytes).tensors), sha256: sha256(bytes) };
  } catch (error) {
    if (!RetrieveError.isInstance(error)) throw diskError(error, weights.path);
    throw new RetrieveError(error.code, `${weights.path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Exactly the parameters of the graph, as float32. Throws as {@link readWeights}. */
export async function readFloat32(
  folder: ModelFolder,
): Promise<StoredWeights & { /** Whether they are stored as int8. */ readonly wasInt8: boolean }> {
  const stored = await readWeights(folder);
  const { parameters } = buildTransformer(folder.config, { ...folder.settings, int8: new Set() });
  try {
    const weights = selectWeights(dequantizeWeights(stored.weights), parameters, new Set());
    return { weights, sha256: stored.sha256, wasInt8: int8Names(stored.weights).size > 0 };
  } catch (error) {
    if (!RetrieveError.isInstance(error)) throw error;
    throw new RetrieveError(error.code, `${folder.weights.path}: ${messageOf(error)}`, { cause: error });
  }
}
