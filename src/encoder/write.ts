/** Model folders written: a quantised one for here, a float32 one that sentence-transformers and FlagEmbedding open. */

import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { RetrieveError, writeFileAtomic, writeFolderAtomic } from "../std/index.ts";
import { safetensorsParts, type Tensor } from "../tensor/index.ts";
import { adaptedWeights } from "./adapted-runner.ts";
import { type AdapterFolder, locateBase, readAdapter } from "./adapter.ts";
import { retrieveFormat } from "./config.ts";
import { isObject } from "./fields.ts";
import { exists, type ModelFolder, readModelFolder } from "./folder.ts";
import { type Instructions, resolveInstructions } from "./instructions.ts";
import { dequantizeWeights, quantizeWeights } from "./quantization.ts";
import { buildTransformer } from "./transformer.ts";
import { int8Names, selectWeights } from "./weights.ts";
import { readFloat32, readWeights } from "./weights-file.ts";

/** What a written folder came out as. */
export interface WrittenModel {
  readonly out: string;
  /** Bytes of model.safetensors. */
  readonly bytes: number;
  /** Matrices that stayed float32 because int8 would cost too much accuracy. */
  readonly kept: readonly string[];
}

export interface WriteModelOptions {
  /** A named instruction set for `retrieve.json`, or pairs by task; default what the model has. */
  readonly instructions?: string | Instructions;
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
  const { weights, kept } = quantizeWeights(dequantizeWeights((await readWeights(model)).weights));
  const int8 = int8Names(weights);
  const quantization = { weights: "int8", bits: 7, scale: "per output row", float32: kept };
  const own = { ...retrieveJson(model, options), quantization };
  let bytes = 0;
  await writeFolderAtomic(out, async (temporary) => {
    bytes = await fillFolder(model, weights, temporary, { int8, files: { "retrieve.json": own } });
  });
  return { out, bytes, kept };
}

/**
 * Writes `folder` with float32 weights and the sentence-transformers files to the new folder `out`. Of a low-rank adapter
 * the query encoder is written, a model of its own that knows nothing of the documents' one; its base must be on this
 * machine. Throws `unsupported` for a linear adapter, which is no transformer.
 */
export async function exportModel(
  folder: string,
  out: string,
  options: WriteModelOptions = {},
): Promise<WrittenModel> {
  const adapter = await readAdapter(folder);
  if (adapter !== undefined) return await exportQueryEncoder(adapter, out, options);
  const model = await readModelFolder(folder);
  const { weights } = await readFloat32(model);
  return writeFloat32(model, out, weights, options);
}

async function exportQueryEncoder(
  adapter: AdapterFolder,
  out: string,
  options: WriteModelOptions,
): Promise<WrittenModel> {
  if (adapter.kind === "linear") {
    throw new RetrieveError(
      "unsupported",
      `${adapter.path}: a linear adapter is a map of the vectors of ${adapter.base}, no model; export that, and open the ` +
        "adapter as it is",
    );
  }
  const base = await locateBase(adapter, { offline: true });
  const model = await readModelFolder(base.folder, base.hubId);
  const weights = await adaptedWeights(adapter, model);
  const { instructions, lineage } = adapter;
  const own = {
    ...(instructions !== undefined && { instructions }),
    ...(isObject(lineage) && { lineage }),
  };
  return await writeFloat32(model, out, weights, { ...own, ...options });
}

/** Writes `model` with other float32 weights to the new folder `out`, as {@link exportModel} does. */
export async function writeFloat32(
  model: ModelFolder,
  out: string,
  weights: ReadonlyMap<string, Tensor>,
  options: WriteModelOptions,
): Promise<WrittenModel> {
  let bytes = 0;
  await writeFolderAtomic(out, async (temporary) => {
    bytes = await fillFloat32Folder(model, weights, temporary, options);
  });
  return { out, bytes, kept: [] };
}

/**
 * Fills `folder`, which is there, with the files of `model` and other float32 weights. Those are written last: a folder
 * with weights is complete. Returns the bytes of the weights.
 */
export async function fillFloat32Folder(
  model: ModelFolder,
  weights: ReadonlyMap<string, Tensor>,
  folder: string,
  options: WriteModelOptions = {},
): Promise<number> {
  const files = { "retrieve.json": retrieveJson(model, options), ...sentenceTransformersFiles(model) };
  return await fillFolder(model, weights, folder, { int8: new Set(), files });
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

interface Contents {
  readonly int8: ReadonlySet<string>;
  /** JSON by path in the folder. */
  readonly files: Readonly<Record<string, unknown>>;
}

async function fillFolder(
  model: ModelFolder,
  weights: ReadonlyMap<string, Tensor>,
  folder: string,
  { int8, files }: Contents,
): Promise<number> {
  const graph = buildTransformer(model.config, { ...model.settings, int8 });
  const chosen = selectWeights(weights, graph.parameters, int8);
  for (const name of copied) {
    if (await exists(join(model.path, name))) await copyFile(join(model.path, name), join(folder, name));
  }
  for (const [name, json] of Object.entries(files)) {
    await writeFileAtomic(join(folder, name), `${JSON.stringify(json, undefined, 2)}\n`);
  }
  const parts = safetensorsParts(chosen, new Map([["format", "pt"]]));
  await writeFileAtomic(join(folder, "model.safetensors"), parts);
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** Throws `invalid_argument` when there is something at `out`: said before long work rather than after it. */
export async function refuseExisting(out: string): Promise<void> {
  if (!(await exists(out))) return;
  throw new RetrieveError("invalid_argument", `${out}: exists already; name a new folder`);
}
