/**
 * An adapter of the query side: a folder that changes how an encoder embeds queries and leaves its documents alone, so
 * that an index of that encoder stays valid. Knows the files and where the base is; what adapters compute stands in
 * `adapted-runner.ts`.
 *
 *   adapter.json          kind, base, fingerprints of the documents it was trained for, instructions, lineage
 *   adapter.safetensors   linear: `weight` [H, H] and `bias` [H]; lora: `NAME.lora_A` [rank, in], `NAME.lora_B` [out, rank]
 */

import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { messageOf, RetrieveError, readBytes, readText, writeFileAtomic } from "../std/index.ts";
import { parseSafetensors, safetensorsParts, type Tensor } from "../tensor/index.ts";
import type { TaskName } from "./encoder.ts";
import { type Fields, fieldsOf, isObject, parseJson } from "./fields.ts";
import { sha256 } from "./fingerprint.ts";
import { adapterFile, exists } from "./folder.ts";
import type { HubOptions } from "./hub.ts";
import { type Instructions, resolveInstructions } from "./instructions.ts";
import { bundledNames, locateModel } from "./locate.ts";

/** What `adapter.json` says. */
export interface AdapterSettings {
  /** `linear`: q + W q + b, of unit length where the base's vectors are. `lora`: the base with W + scale · B A for some W. */
  readonly kind: "linear" | "lora";
  /** The encoder that it belongs to: a bundled name, a hub id, or the absolute path of a folder. */
  readonly base: string;
  /** Those of the base's document side, by task: only where all are found does it open. */
  readonly fingerprints: Readonly<Record<TaskName, string>>;
  /** Where queries have other instructions than in the base; those of documents are the base's. */
  readonly instructions?: Instructions;
  /** What B A is multiplied by; of `lora` only. */
  readonly scale?: number;
  /** Where it comes from. */
  readonly lineage?: unknown;
}

/** An adapter as it was read. */
export interface AdapterFolder extends AdapterSettings {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** SHA-256 of its two files. */
  readonly hash: string;
}

const adapterFormat = 1;
const tensorFile = "adapter.safetensors";

/**
 * The adapter in a folder, undefined where it holds none.
 *
 * Throws `invalid_data` naming file and field, `format_version` for one of a newer version, `not_found` without tensors.
 */
export async function readAdapter(path: string): Promise<AdapterFolder | undefined> {
  const settingsPath = join(path, adapterFile);
  if (!(await exists(settingsPath))) return undefined;
  const text = await readText(settingsPath);
  const settings = parseAdapter(parseJson(text, settingsPath), settingsPath);
  const tensorPath = join(path, tensorFile);
  const bytes = await readBytes(tensorPath);
  try {
    const { tensors } = parseSafetensors(bytes);
    return { ...settings, path, tensors, hash: sha256(sha256(text) + sha256(bytes)) };
  } catch (error) {
    throw new RetrieveError("invalid_data", `${tensorPath}: ${messageOf(error)}`, { cause: error });
  }
}

/** Fills `folder`, which is there, with an adapter. The tensors are written last. */
export async function fillAdapterFolder(
  folder: string,
  settings: AdapterSettings,
  tensors: ReadonlyMap<string, Tensor>,
): Promise<void> {
  const json = JSON.stringify({ format: adapterFormat, ...settings }, undefined, 2);
  await writeFileAtomic(join(folder, adapterFile), `${json}\n`);
  await writeFileAtomic(join(folder, tensorFile), safetensorsParts(tensors, new Map()));
}

/** How an adapter names its base: a folder by its absolute path, so that it is found from wherever it is opened. */
export async function baseReference(model: string): Promise<string> {
  const isFolder = !(await bundledNames()).includes(model) && (await exists(model));
  return isFolder ? resolve(model) : model;
}

/**
 * Where the base of an adapter is. A folder that is gone is looked for beside the adapter's, under its name, so that
 * the two can move together. Throws `not_found` when it is not there either.
 */
export async function locateBase(
  { path, base }: Pick<AdapterFolder, "path" | "base">,
  options: HubOptions,
): ReturnType<typeof locateModel> {
  if (!isAbsolute(base) || (await exists(base))) return await locateModel(base, options);
  const beside = join(dirname(resolve(path)), basename(base));
  if (await exists(beside)) return { folder: beside };
  throw new RetrieveError(
    "not_found",
    `${path}: adapts ${base}, which is not there, nor is ${beside}; put it beside the adapter, or correct ` +
      `\`base\` in ${adapterFile}`,
  );
}

function parseAdapter(json: unknown, place: string): AdapterSettings {
  const fields = fieldsOf(json, place);
  const format = fields.integer("format");
  if (format > adapterFormat) {
    const known = `this version reads up to ${adapterFormat}; update retrieve-anything`;
    throw new RetrieveError("format_version", `${place} has format ${format}; ${known}`);
  }
  const kind = fields.word("kind", ["linear", "lora"]);
  const base = fields.value("base");
  if (typeof base !== "string" || base === "") throw fields.wrong("base", "the name of a model");
  return {
    kind,
    base,
    fingerprints: parseFingerprints(fields),
    ...(fields.has("instructions") && { instructions: parseInstructions(fields, place) }),
    ...(kind === "lora" && { scale: fields.number("scale") }),
    ...(fields.has("lineage") && { lineage: fields.value("lineage") }),
  };
}

function parseFingerprints(fields: Fields): AdapterSettings["fingerprints"] {
  const found = fields.value("fingerprints");
  const entries = isObject(found) ? Object.entries(found) : [];
  const texts = entries.flatMap(([task, text]) => (typeof text === "string" ? [[task, text] as const] : []));
  if (texts.length > 0 && texts.length === entries.length) return Object.fromEntries(texts);
  throw fields.wrong("fingerprints", "a fingerprint for each task");
}

function parseInstructions(fields: Fields, place: string): Instructions {
  try {
    return resolveInstructions(fields.value("instructions"), {});
  } catch (error) {
    throw new RetrieveError("invalid_data", `${place}: ${messageOf(error)}`, { cause: error });
  }
}
