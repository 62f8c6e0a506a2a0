/** A model folder with its weights read: ONNX bytes, or a path to them, that sessions open. */

import { emitModel } from "../onnx/index.ts";
import { messageOf, RetrieveError, readBytes } from "../std/index.ts";
import { parseSafetensors, type Tensor } from "../tensor/index.ts";
import type { OpenEncoderOptions } from "./encoder.ts";
import { type DocumentSide, fingerprintOf, type QuerySide, sha256 } from "./fingerprint.ts";
import type { ModelFolder } from "./folder.ts";
import { buildPooling } from "./pooling.ts";
import { dequantizeWeights, quantizeWeights } from "./quantization.ts";
import { buildTransformer } from "./transformer.ts";
import { int8Names, selectWeights, stripPrefix } from "./weights.ts";

export interface LoadedModel {
  /** ONNX: bytes whose output is `embedding`, or the path of a file whose output is token vectors. */
  readonly onnx: Uint8Array | string;
  /** Where the file's graph ends at token vectors: the ONNX bytes that pool them. */
  readonly pooling: Uint8Array | undefined;
  readonly weightsHash: string;
  readonly precision: DocumentSide["precision"];
  /** Matrices that stay float32 because int8 would cost too much accuracy. */
  readonly kept: readonly string[];
}

/**
 * Reads the weights and builds what runs. Memory: the file, and one copy of it in ONNX form, which is all that stays.
 *
 * Throws `invalid_data` for weights that do not fit, `unsupported` for a precision that an ONNX file cannot take.
 */
export async function loadModel(
  folder: ModelFolder,
  precision: OpenEncoderOptions["precision"],
): Promise<LoadedModel> {
  const { config, settings, weights } = folder;
  const bytes = await readBytes(weights.path);
  const weightsHash = sha256(bytes);
  if (weights.kind === "onnx") {
    if (precision !== undefined) throw fixedPrecision(weights.path, precision);
    const pooling = emitModel(buildPooling({ hidden: config.hidden, ...settings }), new Map());
    return { onnx: weights.path, pooling, weightsHash, precision: "stored", kept: [] };
  }
  try {
    const stored = stripPrefix(parseSafetensors(bytes).tensors);
    const { weights: chosen, kept } = convert(stored, precision);
    const int8 = int8Names(chosen);
    const graph = buildTransformer(config, { ...settings, int8 });
    const onnx = emitModel(graph, selectWeights(chosen, graph.parameters, int8));
    const changed = chosen === stored || precision === undefined ? "stored" : precision;
    return { onnx, pooling: undefined, weightsHash, precision: changed, kept };
  } catch (error) {
    if (!RetrieveError.isInstance(error)) throw error;
    throw new RetrieveError(error.code, `${weights.path}: ${messageOf(error)}`, { cause: error });
  }
}

/** The fingerprint of texts with an instruction: of documents, or of queries, whose `own` fields are added. */
export function sideFingerprint(
  { config, settings, tokenizerHash }: ModelFolder,
  { weightsHash, precision }: Pick<LoadedModel, "weightsHash" | "precision">,
  instruction: string,
  own?: Pick<QuerySide, "side" | "adapter">,
): string {
  return fingerprintOf({
    weights: weightsHash,
    precision,
    tokenizer: tokenizerHash,
    config,
    pooling: settings.pooling,
    normalize: settings.normalize,
    maxTokens: settings.maxTokens[own?.side ?? "document"],
    instruction,
    ...own,
  });
}

/** The weights in the precision asked for; the same map where they are in it as stored. */
function convert(
  stored: ReadonlyMap<string, Tensor>,
  precision: OpenEncoderOptions["precision"],
): { readonly weights: ReadonlyMap<string, Tensor>; readonly kept: readonly string[] } {
  const hasInt8 = int8Names(stored).size > 0;
  if (precision === "int8" && !hasInt8) return quantizeWeights(stored);
  if (precision === "float32" && hasInt8) return { weights: dequantizeWeights(stored), kept: [] };
  return { weights: stored, kept: [] };
}

function fixedPrecision(path: string, precision: string): RetrieveError {
  return new RetrieveError(
    "unsupported",
    `${path}: an ONNX file runs as it is stored, not as ${precision}; leave the precision out, or give safetensors`,
  );
}
