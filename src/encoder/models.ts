/** Which models are here, and what is in one: plain data for people and programs to read. Opens no socket. */

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { readBytes } from "../std/index.ts";
import { parseSafetensors, sizeOf } from "../tensor/index.ts";
import { type AdapterFolder, type AdapterSettings, locateBase, readAdapter } from "./adapter.ts";
import type { OpenEncoderOptions, TaskName } from "./encoder.ts";
import { exists, type ModelFolder, readModelFolder } from "./folder.ts";
import { cachedModel, defaultCacheFolder, type HubOptions, parseHubId, pullModel } from "./hub.ts";
import { bundledFolder, bundledNames, locateModel } from "./locate.ts";

export interface ListedModel {
  /** What `openEncoder` takes. */
  readonly name: string;
  readonly source: "bundled" | "cache";
  readonly folder: string;
  /** Size on disk. */
  readonly bytes: number;
}

export interface ModelDescription {
  readonly name: string;
  readonly folder: string;
  readonly architecture: string;
  readonly layers: number;
  readonly dimensions: number;
  readonly vocabulary: number;
  /** Numbers that were learned; undefined for an ONNX file. */
  readonly parameters: number | undefined;
  /** Element types of the weights, most numerous first: `["int8", "float32"]`; `["onnx"]` for an ONNX file. */
  readonly precision: readonly string[];
  readonly bytes: number;
  readonly pooling: string;
  readonly normalize: boolean;
  readonly maxTokens: { readonly query: number; readonly document: number };
  readonly tasks: readonly TaskName[];
  readonly instructions: Readonly<Record<TaskName, { readonly query: string; readonly document: string }>>;
  /** What `retrieve.json`, or `adapter.json`, says of the weights' origin. */
  readonly lineage: unknown;
  /** Of an adapter of the query side alone; all else but `bytes`, instructions and lineage is then said of its base. */
  readonly adapter?: {
    readonly kind: AdapterSettings["kind"];
    readonly base: string;
    readonly parameters: number;
  };
}

/** The bundled models and those of the hub that are in the cache. */
export async function listModels(
  options: Pick<OpenEncoderOptions, "cacheFolder"> = {},
): Promise<ListedModel[]> {
  const bundled = (await bundledNames()).map((name) => {
    return { name, source: "bundled" as const, folder: join(bundledFolder, name) };
  });
  const cached = await cachedModels(options.cacheFolder ?? defaultCacheFolder);
  return Promise.all(
    [...bundled, ...cached].map(async (model) => ({ ...model, bytes: await folderBytes(model.folder) })),
  );
}

/** What a model is made of; `model` is what `openEncoder` takes. Reads the weights, runs nothing. */
export async function describeModel(model: string, options: HubOptions = {}): Promise<ModelDescription> {
  const located = await locateModel(model, options);
  const adapter = await readAdapter(located.folder);
  if (adapter !== undefined) {
    const base = await locateBase(adapter, options);
    return adapted(await describeFolder(model, base), adapter, await folderBytes(located.folder));
  }
  return await describeFolder(model, located);
}

function adapted(base: ModelDescription, adapter: AdapterFolder, bytes: number): ModelDescription {
  const { kind, path, instructions = base.instructions, lineage, tensors } = adapter;
  const parameters = [...tensors.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const tasks = Object.keys(instructions);
  const own = { kind, base: adapter.base, parameters };
  return { ...base, folder: path, bytes, tasks, instructions, lineage, adapter: own };
}

async function describeFolder(
  model: string,
  { folder: path, hubId }: Awaited<ReturnType<typeof locateModel>>,
): Promise<ModelDescription> {
  const { config, settings, weights } = await readModelFolder(path, hubId);
  const tensors = weights.kind === "onnx" ? undefined : await readTensors(weights.path);
  return {
    name: model,
    folder: path,
    architecture: config.architecture,
    layers: config.layers,
    dimensions: config.hidden,
    vocabulary: config.vocabulary,
    parameters: tensors?.reduce((sum, { size }) => sum + size, 0),
    precision: tensors === undefined ? ["onnx"] : typesBySize(tensors),
    bytes: await folderBytes(path),
    pooling: settings.pooling,
    normalize: settings.normalize,
    maxTokens: settings.maxTokens,
    tasks: Object.keys(settings.instructions),
    instructions: settings.instructions,
    lineage: settings.lineage,
  };
}

/** The files of a model but its weights, wherever it is: a bundled name, a folder, a hub id. */
export async function openModelFolder(model: string, options: HubOptions = {}): Promise<ModelFolder> {
  const { folder, hubId } = await locateModel(model, options);
  return await readModelFolder(folder, hubId);
}

/** Brings a hub model into the cache, asking the hub for the revision's newest commit. Returns its folder. */
export async function fetchModel(model: string, options: HubOptions = {}): Promise<string> {
  const id = parseHubId(model);
  if (id === undefined) return (await locateModel(model, { ...options, offline: true })).folder;
  return pullModel(id, options);
}

async function cachedModels(
  cacheFolder: string,
): Promise<{ readonly name: string; readonly source: "cache"; readonly folder: string }[]> {
  const hub = join(cacheFolder, "hub");
  const models: { name: string; source: "cache"; folder: string }[] = [];
  for (const home of await namesIn(hub)) {
    for (const ref of await namesIn(join(hub, home, "refs"))) {
      const id = { name: home.replace("--", "/"), revision: decodeURIComponent(ref) };
      const folder = await cachedModel(id, cacheFolder);
      const name = id.revision === "main" ? id.name : `${id.name}@${id.revision}`;
      if (folder !== undefined) models.push({ name, source: "cache", folder });
    }
  }
  return models;
}

interface TensorSize {
  readonly dtype: string;
  readonly size: number;
}

/** The learned tensors of a file; scales of int8 rows and position numbers are not learned. */
async function readTensors(path: string): Promise<TensorSize[]> {
  return [...parseSafetensors(await readBytes(path)).tensors].flatMap(([name, { dtype, shape }]) =>
    name.endsWith(".scale") || name.endsWith("position_ids") ? [] : [{ dtype, size: sizeOf(shape) }],
  );
}

function typesBySize(tensors: readonly TensorSize[]): string[] {
  const sizes = new Map<string, number>();
  for (const { dtype, size } of tensors) sizes.set(dtype, (sizes.get(dtype) ?? 0) + size);
  return [...sizes].sort(([, a], [, b]) => b - a).map(([dtype]) => dtype);
}

async function namesIn(folder: string): Promise<string[]> {
  return (await exists(folder)) ? (await readdir(folder)).sort() : [];
}

async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
