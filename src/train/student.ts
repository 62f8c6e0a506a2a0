/**
 * The encoder that a run trains: the base's files and weights, how its texts become token rows, and how what was learnt
 * becomes a model folder again.
 */

import {
  fillFloat32Folder,
  type Instructions,
  instructionOf,
  type LowRank,
  type ModelFolder,
  mergeAdapters,
  openModelFolder,
  readFloat32,
  resolveInstructions,
  type Side,
} from "../encoder/index.ts";
import { createRandom, type OnNotice, RetrieveError } from "../std/index.ts";
import { createTensor, type Tensor } from "../tensor/index.ts";
import type { LoraConfig, RunConfig } from "./config.ts";
import { initialAdapters } from "./lora.ts";
import { trainedBy } from "./parameter-groups.ts";
import type { StepContext } from "./step.ts";
import { openTrainable, type Trainable } from "./trainable.ts";

export interface Student extends AsyncDisposable {
  /** A hash of what training begins with: the base's weights, or its document side. */
  readonly base: string;
  readonly trainable: Trainable;
  /** The ids of a text with the instruction of its task and side, cut to the length that training allows. */
  tokenize(text: string, task: string, side: Side): Int32Array;
  /** The vectors of documents, where only queries train. */
  readonly frozenDocuments?: NonNullable<StepContext["frozenDocuments"]>;
  /** Writes a model folder with the present weights into `folder`, which is there; `lineage` says where they are from. */
  fillModel(folder: string, lineage: Readonly<Record<string, unknown>>): Promise<void>;
}

export interface OpenStudentOptions {
  readonly offline?: boolean;
  readonly onNotice?: OnNotice | undefined;
}

/** Opens the base of a run. Throws what opening an encoder throws, and `unsupported` for one without safetensors. */
export async function openStudent(config: RunConfig, options: OpenStudentOptions = {}): Promise<Student> {
  const folder = await openModelFolder(config.base, { offline: options.offline ?? false });
  const { weights, wasInt8, sha256 } = await readFloat32(folder);
  if (wasInt8) {
    options.onNotice?.(`${config.base} is stored as int8: training starts from its weights as float32`);
  }
  const instructions = instructionsOf(config, folder);
  const lora = config.lora === null ? undefined : lowRankOf(config.lora, [...weights.keys()]);
  const trainable = await openTrainable({
    config: folder.config,
    pooling: folder.settings.pooling,
    normalize: folder.settings.normalize,
    weights: lora === undefined ? weights : withAdapters(weights, lora, config.seed),
    dropout: config.dropout,
    chunkTokens: config.chunkTokens,
    keepActivations: config.keepActivations,
    device: config.device,
    trains: trainedBy(config),
    ...(lora !== undefined && { lora }),
    ...(config.threads !== null && { threads: config.threads }),
  });
  const limits = limitsOf(config, folder, options.onNotice);
  return {
    base: sha256,
    trainable,
    tokenize: (text, task, side) =>
      folder.tokenizer.encode(instructionOf(instructions, task, side) + text, limits[side]).ids,
    fillModel: async (path, lineage) => {
      await fillFloat32Folder(folder, learnt(trainable, lora), path, { instructions, lineage });
    },
    [Symbol.asyncDispose]: () => trainable.close(),
  };
}

/** Texts are cut where the encoder will cut them, or earlier. */
function limitsOf(
  { maxTokens }: RunConfig,
  { settings }: ModelFolder,
  onNotice: OnNotice | undefined,
): RunConfig["maxTokens"] {
  const least = (side: Side): number => Math.min(maxTokens[side], settings.maxTokens[side]);
  const limits = { query: least("query"), document: least("document") };
  for (const side of ["query", "document"] as const) {
    if (limits[side] === maxTokens[side]) continue;
    onNotice?.(
      `maxTokens.${side} is ${maxTokens[side]}; the base takes ${limits[side]}, so texts are cut there`,
    );
  }
  return limits;
}

/** Those asked for, else the base's own, else the six pairs of the paper where the base has none. */
function instructionsOf({ instructions }: RunConfig, { settings }: ModelFolder): Instructions {
  const own = settings.instructions;
  if (instructions !== undefined) return resolveInstructions(instructions, own);
  const hasOwn = Object.values(own).some(({ query, document }) => query + document !== "");
  return hasOwn ? own : resolveInstructions("llm-embedder", own);
}

/** The low-rank adapters that are asked for. Only matrices of the layers have some: tables are looked up. */
export function lowRankOf({ rank, alpha, targets }: LoraConfig, names: readonly string[]): LowRank {
  const matrices = names.filter((name) => name.startsWith("encoder.") && !/norm\.weight$/i.test(name));
  const fits = (target: string, name: string): boolean => name.endsWith(`${target}.weight`);
  const unknown = targets.find((target) => !matrices.some((name) => fits(target, name)));
  if (unknown !== undefined) {
    throw new RetrieveError(
      "invalid_argument",
      `lora: no matrix of the base ends in the target ${unknown}; "query" and "value" are usual ones`,
    );
  }
  const chosen = new Set(matrices.filter((name) => targets.some((target) => fits(target, name))));
  return { rank, scale: alpha / rank, adapts: (name) => chosen.has(name) };
}

/** The weights with adapters as training begins. */
export function withAdapters(
  weights: ReadonlyMap<string, Tensor>,
  lora: LowRank,
  seed: number,
): ReadonlyMap<string, Tensor> {
  return new Map([...weights, ...initialAdapters(weights, lora, createRandom(seed))]);
}

/** The present weights under the names of a model: adapters become part of the matrices that they adapt. */
function learnt({ arena }: Trainable, lora: LowRank | undefined): ReadonlyMap<string, Tensor> {
  const weights = new Map<string, Tensor>(
    arena.names.map((name) => [name, createTensor("float32", arena.shape(name), arena.parameter(name))]),
  );
  return lora === undefined ? weights : mergeAdapters(weights, lora);
}
