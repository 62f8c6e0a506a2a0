/**
 * Encoders merged by averaging their weights: what each was tuned for, in one model, without training (LM-Cocktail,
 * Xiao et al. 2023, arXiv 2311.13534). Works for models tuned from one base; others average to nothing of use, which no
 * check here can see.
 */

import { basename, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { RetrieveError, readText } from "../std/index.ts";
import { createTensor, sizeOf, type Tensor, toFloat32 } from "../tensor/index.ts";
import { isObject, parseJson } from "./fields.ts";
import { type ModelFolder, readModelFolder } from "./folder.ts";
import type { HubOptions } from "./hub.ts";
import { locateModel } from "./locate.ts";
import { readFloat32 } from "./weights-file.ts";
import { refuseExisting, type WrittenModel, writeFloat32 } from "./write.ts";

/** A model to merge: what `openEncoder` takes, and how much of it. */
export interface MergeShare {
  readonly model: string;
  /** Finite; negative ones subtract what a model learned. */
  readonly weight: number;
}

export interface MergeOptions extends HubOptions {
  readonly models: readonly MergeShare[];
  /** The new folder. */
  readonly out: string;
  /** Take the weights as they are; by default they are divided by their sum, so that the result stays an average. */
  readonly asGiven?: boolean | undefined;
}

/** A merged model as it is noted in the lineage. */
export interface MergedPart {
  /** The bundled name or hub id, or the name of the folder. */
  readonly model: string;
  /** What its numbers were multiplied by. */
  readonly weight: number;
  /** SHA-256 of the file with its weights. */
  readonly sha256: string;
  /** What its own `retrieve.json` says of its origin. */
  readonly lineage?: unknown;
}

export interface MergedModel extends WrittenModel {
  readonly models: readonly MergedPart[];
}

/**
 * Writes the weighted average of `models` as a float32 folder with the settings of the first. Sums in float64 in the
 * order given, so equal calls give equal bytes. Memory: three times the first model in float32, and one other.
 *
 * Throws `invalid_argument` for fewer than two models, weights that are not finite or sum to 0 or less (unless as
 * given), models whose architecture or tokenizer differ (naming what), or an `out` that exists.
 *
 * @example
 * await mergeModels({ models: [{ model: "base", weight: 1 }, { model: "tuned", weight: 3 }], out: "merged" });
 */
export async function mergeModels({ models, out, asGiven, ...options }: MergeOptions): Promise<MergedModel> {
  const weights = coefficients(models, asGiven === true);
  await refuseExisting(out);
  const parts: Part[] = [];
  for (const [place, { model }] of models.entries()) {
    const { folder, hubId } = await locateModel(model, options);
    parts.push({ model, weight: weights[place] ?? 0, folder: await readModelFolder(folder, hubId) });
  }
  const [first, ...others] = parts as [Part, ...Part[]];
  for (const other of others) {
    await checkSame(first, other);
    for (const said of differingSettings(first, other)) options.onNotice?.(said);
  }
  const { sums, merged } = await average(parts, options);
  const lineage = { merge: "weighted average of the weights", models: merged };
  return { ...(await writeFloat32(first.folder, out, sums, { lineage })), models: merged };
}

interface Part extends MergeShare {
  readonly folder: ModelFolder;
}

function coefficients(models: readonly MergeShare[], asGiven: boolean): number[] {
  if (models.length < 2) throw wrong(`got ${models.length} models; wanted at least two`);
  const faulty = models.find(({ weight }) => !Number.isFinite(weight));
  if (faulty !== undefined)
    throw wrong(`${faulty.model} has weight ${faulty.weight}; wanted a finite number`);
  const sum = models.reduce((total, { weight }) => total + weight, 0);
  if (asGiven) return models.map(({ weight }) => weight);
  if (sum > 0) return models.map(({ weight }) => weight / sum);
  throw wrong(`the weights sum to ${sum}; wanted more than 0, since they are divided by their sum`);
}

async function average(
  parts: readonly Part[],
  { onNotice, signal }: Pick<HubOptions, "onNotice" | "signal">,
): Promise<{ readonly sums: ReadonlyMap<string, Tensor>; readonly merged: readonly MergedPart[] }> {
  const sums = new Map<string, { readonly shape: Tensor["shape"]; readonly sum: Float64Array }>();
  const merged: MergedPart[] = [];
  for (const { model, weight, folder } of parts) {
    signal?.throwIfAborted();
    const { weights, sha256, wasInt8 } = await readFloat32(folder);
    if (wasInt8)
      onNotice?.(`${model}: its int8 weights are taken as float32; those it was made from are better`);
    for (const [name, tensor] of weights) {
      const { shape } = tensor;
      const held = sums.get(name) ?? { shape, sum: new Float64Array(sizeOf(shape)) };
      addScaled(held.sum, weight, toFloat32(tensor));
      sums.set(name, held);
    }
    const { lineage } = folder.settings;
    merged.push({ model: nameOf(model, folder), weight, sha256, ...(lineage !== undefined && { lineage }) });
  }
  const tensors = new Map<string, Tensor>();
  for (const [name, { shape, sum }] of sums) {
    tensors.set(name, createTensor("float32", shape, Float32Array.from(sum)));
    sums.delete(name);
  }
  return { sums: tensors, merged };
}

/** sum[i] += weight * values[i] */
function addScaled(sum: Float64Array, weight: number, values: Float32Array): void {
  for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] as number) + weight * (values[at] as number);
}

async function checkSame(first: Part, other: Part): Promise<void> {
  const theirs = new Map<string, unknown>(Object.entries(other.folder.config));
  const differing = Object.entries(first.folder.config).flatMap(([field, value]) =>
    theirs.get(field) === value
      ? []
      : [`${field} is ${value} in the first, ${theirs.get(field)} in the other`],
  );
  const tokenizer = await differingTokenizer(first.folder, other.folder);
  const faults = [
    ...differing,
    ...(tokenizer.length > 0 ? [`tokenizer.json in ${tokenizer.join(", ")}`] : []),
  ];
  if (faults.length === 0) return;
  throw wrong(
    `${first.model} and ${other.model} differ: ${faults.join("; ")}; only models of one base can be averaged`,
  );
}

/** The parts of tokenizer.json that differ, but for those that this library does not read: padding and truncation. */
async function differingTokenizer(first: ModelFolder, other: ModelFolder): Promise<string[]> {
  if (first.tokenizerHash === other.tokenizerHash) return [];
  const [left, right] = await Promise.all([first, other].map(readTokenizer));
  const names = new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})]);
  return [...names]
    .filter((name) => !["version", "padding", "truncation"].includes(name))
    .filter((name) => !isDeepStrictEqual(left?.[name], right?.[name]));
}

async function readTokenizer({ path }: ModelFolder): Promise<Readonly<Record<string, unknown>>> {
  const file = join(path, "tokenizer.json");
  const json = parseJson(await readText(file), file);
  return isObject(json) ? json : {};
}

/** Settings that two models can differ in and still be averaged, each as a sentence that says which is kept. */
function differingSettings(first: Part, other: Part): string[] {
  const names = ["pooling", "normalize", "maxTokens", "instructions"] as const;
  return names
    .filter((name) => !isDeepStrictEqual(first.folder.settings[name], other.folder.settings[name]))
    .map((name) => `${other.model} has other \`${name}\` than ${first.model}, whose are kept`);
}

/** What a reader elsewhere can know a model by: its name, not the path on this machine. */
function nameOf(model: string, { path }: ModelFolder): string {
  return resolve(model) === resolve(path) ? basename(resolve(path)) : model;
}

function wrong(what: string): RetrieveError {
  return new RetrieveError("invalid_argument", `merge: ${what}`);
}
