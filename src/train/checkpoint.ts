/**
 * Where a run stands, on disk: complete or not there, so that it can be killed at any moment. A checkpoint is a model
 * folder that opens like any other, with two files more: what trains with the optimizer's moments, and the state.
 *
 *   OUT/training/checkpoints/step-00000100/   config.json, tokenizer.json, model.safetensors, …
 *                                             training.safetensors, state.json
 */

import { readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { diskError, RetrieveError, readText, writeFileAtomic, writeFolderAtomic } from "../std/index.ts";
import { parseSafetensors, safetensorsParts, type Tensor } from "../tensor/index.ts";
import type { RunConfig } from "./config.ts";
import type { SelfPacedState } from "./self-paced.ts";

/** All that decides the steps to come, besides the tensors; as JSON. */
export interface RunState {
  readonly format: 1;
  /** Updates that are done. */
  readonly step: number;
  readonly config: Partial<RunConfig>;
  /** SHA-256 of each data file, in the order of the configuration. */
  readonly data: readonly string[];
  /** SHA-256 of the weights that training began with. */
  readonly base: string;
  readonly paces: SelfPacedState;
  /** Time spent so far. */
  readonly seconds: number;
}

export interface Checkpoint {
  readonly folder: string;
  readonly step: number;
}

/** What trains stands in a checkpoint under this and its name, beside the optimizer's moments. */
export const parameterPrefix = "parameter ";

const stateFile = "state.json";
const tensorFile = "training.safetensors";

/** Whether a file of a checkpoint, by its name, is no part of the model. */
export function isOfRun(name: string): boolean {
  return name === stateFile || name === tensorFile;
}

/** The checkpoints of a run, oldest first. */
export async function listCheckpoints(out: string): Promise<Checkpoint[]> {
  const home = homeOf(out);
  const names = await readdir(home).catch((error: unknown) => {
    const said = diskError(error, home);
    if (RetrieveError.isInstance(said) && said.code === "not_found") return [];
    throw said;
  });
  const found = names.flatMap((name) => {
    const [, step] = /^step-(\d+)$/.exec(name) ?? [];
    return step === undefined ? [] : [{ folder: join(home, name), step: Number(step) }];
  });
  return found.sort((a, b) => a.step - b.step);
}

/** Writes a checkpoint. `fillModel` writes the files of the model into the folder that it is given. */
export async function saveCheckpoint(
  out: string,
  state: RunState,
  tensors: ReadonlyMap<string, Tensor>,
  fillModel: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = checkpointFolder(out, state.step);
  await writeFolderAtomic(folder, async (temporary) => {
    await fillModel(temporary);
    await writeFileAtomic(join(temporary, tensorFile), safetensorsParts(tensors, new Map()));
    await writeFileAtomic(join(temporary, stateFile), `${JSON.stringify(state, undefined, 2)}\n`);
  });
}

/** Where the checkpoint of a step is. */
export function checkpointFolder(out: string, step: number): string {
  return join(homeOf(out), `step-${String(step).padStart(8, "0")}`);
}

/**
 * Reads a checkpoint back. Throws `format_version` for one of a newer version, `invalid_data` for one that the disk has
 * damaged, naming the file: a kill leaves no such checkpoint behind, so that it is for people to decide.
 */
export async function readCheckpoint({ folder }: Checkpoint): Promise<{
  readonly state: RunState;
  readonly tensors: ReadonlyMap<string, Tensor>;
}> {
  const path = join(folder, stateFile);
  const state = parseState(await readPart(folder, path, readText), folder, path);
  const tensorPath = join(folder, tensorFile);
  const bytes = await readPart(folder, tensorPath, (file) => readFile(file));
  try {
    return { state, tensors: parseSafetensors(bytes).tensors };
  } catch (cause) {
    throw damaged(folder, tensorPath, "is no complete safetensors file", cause);
  }
}

async function readPart<Content>(
  folder: string,
  path: string,
  read: (path: string) => Promise<Content>,
): Promise<Content> {
  try {
    return await read(path);
  } catch (error) {
    const said = diskError(error, path);
    const missing = RetrieveError.isInstance(said) && said.code === "not_found";
    throw missing ? damaged(folder, path, "is missing", error) : said;
  }
}

/** The error of a checkpoint that cannot be gone on with. */
export function damaged(folder: string, path: string, fault: string, cause?: unknown): RetrieveError {
  return new RetrieveError(
    "invalid_data",
    `${path}: ${fault}; the disk has damaged this checkpoint: remove ${folder}, and resume goes on from the one ` +
      "before it, or begins again where there is none",
    { cause },
  );
}

/** Removes the checkpoints of all steps but those that `keeps` names. */
export async function pruneCheckpoints(out: string, keeps: (step: number) => boolean): Promise<void> {
  for (const { folder, step } of await listCheckpoints(out)) {
    if (keeps(step)) continue;
    const doomed = `${folder}.tmp`; // a kill while it goes must not leave half a checkpoint
    await rename(folder, doomed).catch((error: unknown) => {
      throw diskError(error, folder);
    });
    await rm(doomed, { recursive: true, force: true });
  }
}

/** Removes what a kill left unfinished in the folders of a run. */
export async function removeLeftovers(out: string): Promise<void> {
  for (const home of [join(out, "training"), homeOf(out)]) {
    for (const name of await readdir(home).catch(() => [])) {
      if (name.endsWith(".tmp")) await rm(join(home, name), { recursive: true, force: true });
    }
  }
}

/** Removes all checkpoints: the run is done. */
export async function removeCheckpoints(out: string): Promise<void> {
  await rm(homeOf(out), { recursive: true, force: true });
}

function homeOf(out: string): string {
  return join(out, "training", "checkpoints");
}

function parseState(text: string, folder: string, path: string): RunState {
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch (cause) {
    throw damaged(folder, path, "is no valid JSON", cause);
  }
  if (typeof state === "object" && state !== null && "format" in state) {
    if (state.format === 1) return state as RunState;
    throw new RetrieveError(
      "format_version",
      `${path}: has format ${String(state.format)}, this version reads 1; update retrieve-anything`,
    );
  }
  throw damaged(folder, path, "is not the state of a run");
}
