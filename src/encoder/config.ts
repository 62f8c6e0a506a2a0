/**
 * What the JSON files of a model folder say: the architecture (`config.json`), and how texts become vectors
 * (`retrieve.json`, ours, before the sentence-transformers files, before defaults). Pure: takes parsed JSON.
 */

import { RetrieveError } from "../std/index.ts";
import { type Fields, fieldsOf, isObject } from "./fields.ts";
import { forAllTasks, type Instructions, publishedSet, resolveInstructions } from "./instructions.ts";
import type { Pooling } from "./pooling.ts";
import type { TransformerConfig } from "./transformer.ts";

/** The JSON files of a model folder, parsed; absent files are undefined. Keys are paths in the folder. */
export type JsonFiles = Readonly<Record<string, unknown>>;

/** How texts become vectors. */
export interface Settings {
  readonly pooling: Pooling;
  readonly normalize: boolean;
  readonly maxTokens: { readonly query: number; readonly document: number };
  readonly instructions: Instructions;
  /** What was assumed because no file says it, as sentences. */
  readonly assumed: readonly string[];
  /** What `retrieve.json` says of the weights' origin. */
  readonly lineage: unknown;
}

/** The newest `retrieve.json` that is understood. */
export const retrieveFormat = 1;

const architectures: ReadonlyMap<unknown, TransformerConfig["architecture"]> = new Map([
  ["bert", "bert"],
  ["roberta", "roberta"],
  ["xlm-roberta", "roberta"],
  ["camembert", "roberta"],
]);

const activations: ReadonlyMap<unknown, TransformerConfig["activation"]> = new Map([
  ["gelu", "gelu"],
  ["gelu_new", "gelu_tanh"],
  ["gelu_pytorch_tanh", "gelu_tanh"],
  ["gelu_fast", "gelu_tanh"],
  ["relu", "relu"],
]);

/**
 * The architecture of a Hugging Face `config.json`; `place` is its path for errors.
 *
 * Throws `unsupported` for architectures that are not BERT or RoBERTa, `invalid_data` for missing or wrong fields.
 */
export function parseTransformerConfig(json: unknown, place: string): TransformerConfig {
  const fields = fieldsOf(json, place);
  const architecture = oneOf(architectures, fields, "model_type", place);
  const position = fields.value("position_embedding_type") ?? "absolute";
  if (position !== "absolute") throw unsupported(place, "position_embedding_type", position, ["absolute"]);
  const config: TransformerConfig = {
    architecture,
    layers: fields.integer("num_hidden_layers"),
    heads: fields.integer("num_attention_heads"),
    hidden: fields.integer("hidden_size"),
    intermediate: fields.integer("intermediate_size"),
    vocabulary: fields.integer("vocab_size"),
    positions: fields.integer("max_position_embeddings"),
    tokenTypes: fields.integer("type_vocab_size", architecture === "bert" ? 2 : 1),
    layerNormEpsilon: fields.number("layer_norm_eps", 1e-12),
    activation: oneOf(activations, fields, "hidden_act", place),
    paddingId: fields.integer("pad_token_id", architecture === "bert" ? 0 : 1),
  };
  if (config.heads === 0 || config.hidden % config.heads !== 0) {
    throw fields.wrong("num_attention_heads", `a divisor of hidden_size ${config.hidden}`);
  }
  return config;
}

/** How texts become vectors, from the files of the folder `place`; `hubId` where it came from the hub. */
export function parseSettings(
  files: JsonFiles,
  config: TransformerConfig,
  place: string,
  hubId?: string,
): Settings {
  const assumed: string[] = [];
  const own = files["retrieve.json"] === undefined ? undefined : ownFields(files["retrieve.json"], place);
  const theirs = own?.has("pooling") ? undefined : sentenceTransformersPooling(files, place);
  if (own?.has("pooling") !== true && theirs === undefined) {
    assumed.push(`${place} does not say how it pools: the mean of the tokens is taken, of unit length`);
  }
  const fallback = theirs ?? { pooling: "mean", normalize: true };
  return {
    pooling: own?.word("pooling", ["cls", "mean", "last"], fallback.pooling) ?? fallback.pooling,
    normalize: own?.boolean("normalize", fallback.normalize) ?? fallback.normalize,
    maxTokens: maxTokensOf(files, own, config, place),
    instructions: instructionsOf(files, own, place, hubId, assumed),
    assumed,
    lineage: own?.value("lineage"),
  };
}

function ownFields(json: unknown, place: string): Fields {
  const fields = fieldsOf(json, `${place}/retrieve.json`);
  const format = fields.integer("format");
  if (format > retrieveFormat) {
    const known = `this version reads up to ${retrieveFormat}; update retrieve-anything`;
    throw new RetrieveError("format_version", `${place}/retrieve.json has format ${format}; ${known}`);
  }
  return fields;
}

function sentenceTransformersPooling(
  files: JsonFiles,
  place: string,
): { readonly pooling: Pooling; readonly normalize: boolean } | undefined {
  const modules = files["modules.json"];
  if (!Array.isArray(modules)) return undefined;
  const kinds = modules.map((module) => {
    const kind = isObject(module) ? String(module["type"]).split(".").at(-1) : undefined;
    if (kind === "Transformer" || kind === "Pooling" || kind === "Normalize") return kind;
    const known = ["Transformer", "Pooling", "Normalize"];
    throw unsupported(`${place}/modules.json`, "type", isObject(module) ? module["type"] : module, known);
  });
  if (!kinds.includes("Pooling")) return undefined;
  return { pooling: poolingOf(files, place), normalize: kinds.includes("Normalize") };
}

const poolingModes: ReadonlyMap<string, Pooling> = new Map([
  ["pooling_mode_cls_token", "cls"],
  ["pooling_mode_mean_tokens", "mean"],
  ["pooling_mode_lasttoken", "last"],
]);
const poolingWords: ReadonlyMap<unknown, Pooling> = new Map([
  ["cls", "cls"],
  ["mean", "mean"],
  ["lasttoken", "last"],
]);

function poolingOf(files: JsonFiles, place: string): Pooling {
  const path = "1_Pooling/config.json";
  const json = files[path];
  if (json === undefined) {
    const missing = `${place}/${path}: no such file, and modules.json wants it; copy it from where the model is from`;
    throw new RetrieveError("not_found", missing);
  }
  const fields = fieldsOf(json, `${place}/${path}`);
  if (fields.has("pooling_mode")) return oneOf(poolingWords, fields, "pooling_mode", `${place}/${path}`);
  const chosen = Object.entries(isObject(json) ? json : {}).flatMap(([name, on]) => {
    return name.startsWith("pooling_mode_") && on === true ? [name] : [];
  });
  const pooling = chosen.length === 1 ? poolingModes.get(chosen[0] ?? "") : undefined;
  if (pooling !== undefined) return pooling;
  throw unsupported(`${place}/${path}`, "pooling mode", chosen.join(" + "), [...poolingModes.keys()]);
}

/** Positions bound the length: RoBERTa's count starts behind the padding id. */
function maxTokensOf(
  files: JsonFiles,
  own: Fields | undefined,
  config: TransformerConfig,
  place: string,
): Settings["maxTokens"] {
  const positions = config.positions - (config.architecture === "roberta" ? config.paddingId + 1 : 0);
  const theirs = files["sentence_bert_config.json"];
  const stated =
    theirs === undefined
      ? 512
      : fieldsOf(theirs, `${place}/sentence_bert_config.json`).integer("max_seq_length", 512);
  const both = own?.has("maxTokens") ? own.fields("maxTokens") : undefined;
  return {
    query: Math.min(both?.integer("query") ?? stated, positions),
    document: Math.min(both?.integer("document") ?? stated, positions),
  };
}

function instructionsOf(
  files: JsonFiles,
  own: Fields | undefined,
  place: string,
  hubId: string | undefined,
  assumed: string[],
): Instructions {
  const none = resolveInstructions("none", {});
  if (own?.has("instructions")) return resolveInstructions(own.value("instructions"), none);
  const published = hubId === undefined ? undefined : publishedSet(hubId);
  if (published !== undefined) return resolveInstructions(published, none);
  const prompts = promptsOf(files["config_sentence_transformers.json"]);
  if (prompts !== undefined) return forAllTasks(prompts);
  assumed.push(`${place} names no instructions: texts are encoded as they are; name a set if it wants one`);
  return none;
}

/** The prompts of newer sentence-transformers models, which hold for every task. */
function promptsOf(json: unknown): { readonly query: string; readonly document: string } | undefined {
  const prompts = isObject(json) ? json["prompts"] : undefined;
  if (!isObject(prompts)) return undefined;
  const { query, document, passage = document } = prompts;
  if (typeof query !== "string" && typeof passage !== "string") return undefined;
  return {
    query: typeof query === "string" ? query : "",
    document: typeof passage === "string" ? passage : "",
  };
}

function oneOf<Value>(
  known: ReadonlyMap<unknown, Value>,
  fields: Fields,
  name: string,
  place: string,
): Value {
  const found = known.get(fields.value(name));
  if (found === undefined) throw unsupported(place, name, fields.value(name), [...known.keys()]);
  return found;
}

function unsupported(place: string, name: string, got: unknown, known: readonly unknown[]): RetrieveError {
  const wanted = known.join(", ");
  return new RetrieveError(
    "unsupported",
    `${place}: ${name} is ${JSON.stringify(got)}; what runs here: ${wanted}`,
  );
}
