/** The manifest of an index folder: what there is, made by which encoder. */

import { join } from "node:path";
import type { Encoder, TaskName } from "../../encoder/index.ts";
import { messageOf, RetrieveError, readText, writeFileAtomic } from "../../std/index.ts";
import type { CollectionInfo } from "./index-folder.ts";

/** Of this version of the software. Raised when an older one could not read the folder any more. */
export const formatVersion = 1;

/** A collection with the table that holds its present generation. */
export interface ManifestEntry extends CollectionInfo {
  /** `NAME-GENERATION`. */
  readonly table: string;
}

export interface Manifest {
  /** Of the newest table ever named, so that no name is used twice. */
  readonly generation: number;
  /** Ordered by name. */
  readonly collections: readonly ManifestEntry[];
}

/** The manifest of a folder, undefined where there is none. Throws `invalid_data`, `format_version`. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, "index.json");
  try {
    return parseManifest(await readText(path), path);
  } catch (error) {
    if (RetrieveError.isInstance(error) && error.code === "not_found") return undefined;
    throw error;
  }
}

/** Replaces the manifest. Throws `disk`; the old one then stands. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const text = JSON.stringify({ format: formatVersion, ...manifest }, undefined, 2);
  await writeFileAtomic(join(folder, "index.json"), `${text}\n`);
}

/** The manifest with an empty table under `encoder` for the collection `name`, instead of the one it has. */
export function succeed(manifest: Manifest, name: string, task: TaskName, encoder: Encoder): Manifest {
  const generation = manifest.generation + 1;
  const entry: ManifestEntry = {
    name,
    task,
    model: encoder.name,
    fingerprint: encoder.fingerprint(task),
    dimensions: encoder.dimensions,
    table: `${name}-${generation}`,
  };
  const others = manifest.collections.filter((other) => other.name !== name);
  const collections = [...others, entry].sort((left, right) => (left.name < right.name ? -1 : 1));
  return { generation, collections };
}

function parseManifest(text: string, path: string): Manifest {
  const value = parseJson(text, path);
  if (!isRecord(value) || typeof value["format"] !== "number")
    throw damaged(path, "it has no format version");
  if (value["format"] > formatVersion) {
    throw new RetrieveError(
      "format_version",
      `${path}: written in format ${value["format"]} by a newer version, this one reads up to ${formatVersion}; ` +
        "update retrieve-anything, or make a new index with --index",
    );
  }
  const { generation, collections } = value;
  if (typeof generation !== "number" || !Array.isArray(collections))
    throw damaged(path, "fields are missing");
  const entries: unknown[] = collections;
  if (!entries.every(isEntry)) throw damaged(path, "a collection lacks fields");
  return { generation, collections: entries };
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damaged(path, messageOf(error));
  }
}

function damaged(path: string, why: string): RetrieveError {
  return new RetrieveError(
    "invalid_data",
    `${path}: not a manifest of an index (${why}); restore the file, or delete the folder and add everything again`,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isEntry(value: unknown): value is ManifestEntry {
  if (!isRecord(value) || typeof value["dimensions"] !== "number") return false;
  const texts = ["name", "task", "model", "fingerprint", "table"];
  return texts.every((key) => typeof value[key] === "string") && /^[\w-]+$/.test(`${value["table"]}`);
}
