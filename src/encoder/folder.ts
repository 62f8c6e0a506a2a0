/** A model folder on disk: its JSON files understood, its tokenizer made, its weights found but not yet read. */

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { RetrieveError, readText, systemCode } from "../std/index.ts";
import { createTokenizer, type Tokenizer } from "../tokenizer/index.ts";
import { parseSettings, parseTransformerConfig, type Settings } from "./config.ts";
import { parseJson } from "./fields.ts";
import { sha256 } from "./fingerprint.ts";
import type { TransformerConfig } from "./transformer.ts";

export interface ModelFolder {
  readonly path: string;
  readonly config: TransformerConfig;
  readonly settings: Settings;
  readonly tokenizer: Tokenizer;
  /** SHA-256 of tokenizer.json. */
  readonly tokenizerHash: string;
  readonly weights: { readonly kind: "safetensors" | "onnx"; readonly path: string };
}

/** The JSON files that may stand beside config.json and tokenizer.json. */
export const optionalFiles = [
  "retrieve.json",
  "modules.json",
  "sentence_bert_config.json",
  "config_sentence_transformers.json",
  "1_Pooling/config.json",
] as const;

/** The file that makes a folder an adapter of another model rather than a model. */
export const adapterFile = "adapter.json";

/** Where weights may stand, the first that is there is taken. */
export const weightFiles = ["model.safetensors", "onnx/model.onnx", "model.onnx"] as const;

/**
 * Reads everything of a model folder but the weights. `hubId` is where it came from, if it did.
 *
 * Throws `not_found` for a missing file, `invalid_data` naming file and field, `unsupported` for what does not run.
 */
export async function readModelFolder(path: string, hubId?: string): Promise<ModelFolder> {
  if (await exists(join(path, adapterFile))) throw adapterError(path);
  const weights = await findWeights(path);
  const configPath = join(path, "config.json");
  const config = parseTransformerConfig(parseJson(await readText(configPath), configPath), configPath);
  const tokenizerPath = join(path, "tokenizer.json");
  const tokenizerText = await readText(tokenizerPath);
  const files = await Promise.all(optionalFiles.map(async (name) => [name, await readOptional(path, name)]));
  return {
    path,
    config,
    settings: parseSettings(Object.fromEntries(files), config, path, hubId),
    tokenizer: createTokenizer(parseJson(tokenizerText, tokenizerPath)),
    tokenizerHash: sha256(tokenizerText),
    weights,
  };
}

async function readOptional(folder: string, name: string): Promise<unknown> {
  const path = join(folder, name);
  return (await exists(path)) ? parseJson(await readText(path), path) : undefined;
}

async function findWeights(folder: string): Promise<ModelFolder["weights"]> {
  for (const name of weightFiles) {
    const path = join(folder, name);
    if (await exists(path)) return { kind: name.endsWith(".onnx") ? "onnx" : "safetensors", path };
  }
  if (await exists(join(folder, "pytorch_model.bin"))) throw pickleError(folder);
  const wanted = weightFiles.join(", ");
  throw new RetrieveError("not_found", `${folder}: no weights; wanted one of ${wanted} in a model folder`);
}

function adapterError(path: string): RetrieveError {
  return new RetrieveError(
    "unsupported",
    `${path}: is an adapter of the query side, wanted a model with weights of its own; name its base, which ` +
      `${adapterFile} says`,
  );
}

/** The refusal of PyTorch's pickles, with the line that converts a model, given its folder or hub id. */
export function pickleError(model: string): RetrieveError {
  const convert = `import sys, transformers as t; m, o = sys.argv[1:]; [c.from_pretrained(m).save_pretrained(o) for c in (t.AutoModel, t.AutoTokenizer)]`;
  return new RetrieveError(
    "unsupported",
    `${model}: pytorch_model.bin is a pickle, which can run code, and is never opened; convert it, then open OUT: ` +
      `python -c "${convert}" ${model} OUT`,
  );
}

/** Whether a file or folder is there. Other faults than its absence are thrown. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw error;
  }
}
