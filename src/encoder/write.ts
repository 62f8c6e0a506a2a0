/** Model folders written: a quantised one for here, a float32 one that sentence-transformers and FlagEmbedding open. */

import { randomUUID } from "node:crypto";
import { copyFile, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { diskError, messageOf, RetrieveError, readBytes, writeFileAtomic } from "../std/index.ts";
import { formatSafetensors, parseSafetensors, type Tensor } from "../tensor/index.ts";
import { retrieveFormat } from "./config.ts";
import { exists, type ModelFolder, readModelFolder } from "./folder.ts";
import { resolveInstructions } from "./instructions.ts";
import { dequantizeWeights, quantizeWeights } from "./quantization.ts";
import { buildTransformer } from "./transformer.ts";
import { int8Names, selectWeights, stripPrefix } from "./weights.ts";

/** What a written folder came out as. */
export interface WrittenModel {
  readonly out: string;
  /** Bytes of model.safetensors. */
  readonly bytes: number;
  /** Matrices that stayed float32 because int8 would cost too much accuracy. */
  readonly kept: readonly string[];
}

export interface WriteModelOptions {
  /** A named instruction set for `retrieve.json`; default what the model has. */
  readonly instructions?: string;
  readonly maxTokens?: { readonly query: number; readonly document: number };
  /** Where the weights come from, as any JSON object; kept in `retrieve.json`. */
  readonly lineage?: Readonly<Record<string, unknown>>;
}

const copied = ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"] as const;

/**
 * Writes `folder` with int8 weights to the new folder `out`, which is complete or not there. Equal input gives equal
 * bytes. Throws `invalid_argument` when `out` exists, `unsupported` for a model without safetensors.
 */
export async function quantizeModel(
  folder: string,
  out: string,
  options: WriteModelOptions = {},
): Promise<WrittenModel> {
  const model = await readModelFolder(folder);
  const { weights, kept } = quantizeWeights(dequantizeWeights(await readWeights(model)));
  const int8 = int8Names(weights);
  const quantization = { weights: "int8", bits: 7, scale: "per output row", float32: kept };
  const own = { ...retrieveJson(model, options), quantization };
  return writeModel(model, out, weights, int8, { "retrieve.json": own }, kept);
}

/** Writes `folder` with float32 weights and the sentence-transformers files to the new folder `out`. */
export async function exportModel(
  folder: string,
  out: string,
  options: WriteModelOptions = {},
): Promise<WrittenModel> {
  const model = await readModelFolder(folder);
  const weights = dequantizeWeights(await readWeights(model));
  const files = { "retrieve.json": retrieveJson(model, options), ...sentenceTransformersFiles(model) };
  return writeModel(model, out, weights, new Set(), files, []);
}

async function readWeights({ path, weights }: ModelFolder): Promise<ReadonlyMap<string, Tensor>> {
  if (weights.kind !== "safetensors") {
    throw new RetrieveError(
      "unsupported",
      `${path}: has ONNX only; model.safetensors is wanted to convert it`,
    );
  }
  try {
    return stripPrefix(parseSafetensors(await readBytes(weights.path)).tensors);
  } catch (error) {
    if (!RetrieveError.isInstance(error)) throw diskError(error, weights.path);
    throw new RetrieveError(error.code, `${weights.path}: ${messageOf(error)}`, { cause: error });
  }
}

function retrieveJson({ settings }: ModelFolder, options: WriteModelOptions): Record<string, unknown> {
  const { pooling, normalize, instructions, maxTokens } = settings;
  const lineage = options.lineage ?? settings.lineage;
  if (options.instructions !== undefined) resolveInstructions(options.instructions, {}); // refuses unknown names
  return {
    format: retrieveFormat,
    pooling,
    normalize,
    maxTokens: options.maxTokens ?? maxTokens,
    instructions: options.instructions ?? instructions,
    ...(lineage !== undefined && { lineage }),
  };
}

function sentenceTransformersFiles({ config, settings }: ModelFolder): Record<string, unknown> {
  const { pooling, normalize, maxTokens } = settings;
  const modules = [
    ["", "Transformer"],
    ["1_Pooling", "Pooling"],
    ...(normalize ? [["2_Normalize", "Normalize"]] : []),
  ];
  return {
    "modules.json": modules.map(([path, kind], idx) => {
      return { idx, name: String(idx), path, type: `sentence_transformers.models.${kind}` };
    }),
    "1_Pooling/config.json": {
      word_embedding_dimension: config.hidden,
      pooling_mode_cls_token: pooling === "cls",
      pooling_mode_mean_tokens: pooling === "mean",
      pooling_mode_max_tokens: false,
      pooling_mode_mean_sqrt_len_tokens: false,
      pooling_mode_lasttoken: pooling === "last",
    },
    "sentence_bert_config.json": { max_seq_length: maxTokens.document, do_lower_case: false },
  };
}

async function writeModel(
  model: ModelFolder,
  out: string,
  weights: ReadonlyMap<string, Tensor>,
  int8: ReadonlySet<string>,
  files: Readonly<Record<string, unknown>>,
  kept: readonly string[],
): Promise<WrittenModel> {
  const graph = buildTransformer(model.config, { ...model.settings, int8 });
  const bytes = formatSafetensors(
    selectWeights(weights, graph.parameters, int8),
    new Map([["format", "pt"]]),
  );
  await writeFolder(out, async (folder) => {
    for (const name of copied) {
      if (await exists(join(model.path, name))) await copyFile(join(model.path, name), join(folder, name));
    }
    for (const [name, json] of Object.entries(files)) {
      await writeFileAtomic(join(folder, name), `${JSON.stringify(json, undefined, 2)}\n`);
    }
    await writeFileAtomic(join(folder, "model.safetensors"), bytes);
  });
  return { out, bytes: bytes.length, kept };
}

/** A folder that is complete or not there: filled beside its place, then renamed. */
export async function writeFolder(out: string, fill: (folder: string) => Promise<void>): Promise<void> {
  if (await exists(out)) {
    throw new RetrieveError("invalid_argument", `${out}: exists already; name a new folder`);
  }
  const temporary = `${out}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await mkdir(dirname(out), { recursive: true });
    await mkdir(temporary);
    await fill(temporary);
    await rename(temporary, out);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw diskError(error, out);
  }
}
