/**
 * Where a run stands, on disk: complete or not there, so that it can be killed at any moment. A checkpoint is a model
 * folder that opens like any other, with two files more: what trains with the optimizer's moments, and the state.
 *
 *   OUT/training/checkpoints/step-00000100/   config.json, tokenizer.json, model.safetensors, …
 *                                             training.safetensors, state.json
 */

import { readdir, readFile, rm } from "node:fs/promises";
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
  readonly paces: SelfPacedState;
  /** Time spent so far. */
  readonly seconds: number;
}

export interface Checkpoint {
  readonly folder: string;
  readonly step: number;
}

const stateFile = "state.json";
const tensorFile = "training.safetensors";

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
): Promise<Checkpoint> {
  const folder = join(homeOf(out), `step-${String(state.step).padStart(8, "0")}`);
  await writeFolderAtomic(folder, async (temporary) => {
    await fillModel(temporary);
    await writeFileAtomic(join(temporary, tensorFile), safetensorsParts(tensors, new Map()));
    await writeFileAtomic(join(temporary, stateFile), `${JSON.stringify(state, undefined, 2)}\n`);
  });
  return { folder, step: state.step };
}

/** Reads a checkpoint back. Throws `invalid_data` naming the file, `format_version` for one of a newer version. */
export async function readCheckpoint({ folder }: Checkpoint): Promise<{
  readonly state: RunState;
  readonly tensors: ReadonlyMap<string, Tensor>;
}> {
  const path = join(folder, stateFile);
  const state = parseState(await readText(path), path);
  const tensorPath = join(folder, tensorFile);
  const bytes = await readFile(tensorPath).catch((error: unknown) => {
    throw diskError(error, tensorPath);
  });
  return { state, tensors: parseSafetensors(bytes).tensors };
}

/** Removes all checkpoints but those of `kept` steps, and what an interrupted save left behind. */
export async function pruneCheckpoints(out: string, kept: readonly number[]): Promise<void> {
  const home = homeOf(out);
  for (const { folder, step } of await listCheckpoints(out)) {
    if (!kept.includes(step)) await rm(folder, { recursive: true, force: true });
  }
  for (const name of await readdir(home).catch(() => [])) {
    if (name.endsWith(".tmp")) await rm(join(home, name), { recursive: true, force: true });
  }
}

/** Removes all checkpoints: the run is done. */
export async function removeCheckpoints(out: string): Promise<void> {
  await rm(homeOf(out), { recursive: true, force: true });
}

function homeOf(out: string): string {
  return join(out, "training", "checkpoints");
}

function parseState(text: string, path: string): RunState {
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch (cause) {
    throw new RetrieveError("invalid_data", `${path}: not valid JSON; remove this checkpoint's folder`, {
      cause,
    });
  }
  if (typeof state === "object" && state !== null && "format" in state) {
    if (state.format === 1) return state as RunState;
    throw new RetrieveError(
      "format_version",
      `${path}: has format ${String(state.format)}, this version reads 1; update retrieve-anything`,
    );
  }
  throw new RetrieveError("invalid_data", `${path}: not the state of a run; remove this checkpoint's folder`);
}
