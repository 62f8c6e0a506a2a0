/** The folder that becomes the model: empty, holding a run to go on with, or done. */

import { mkdir, readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  diskError,
  messageOf,
  type OnNotice,
  type Release,
  RetrieveError,
  readText,
  takeLock,
} from "../std/index.ts";
import type { Optimizer } from "./adamw.ts";
import {
  type Checkpoint,
  damaged,
  listCheckpoints,
  parameterPrefix,
  type RunState,
  readCheckpoint,
  removeCheckpoints,
  removeLeftovers,
} from "./checkpoint.ts";
import type { RunConfig } from "./config.ts";
import type { FinishedRun, TrainReport } from "./finish.ts";
import type { Arena } from "./parameters.ts";
import { trainingFile } from "./save.ts";

export interface Place {
  /** What the run gave, where it is done. */
  readonly finished: TrainReport | undefined;
  readonly newest: Checkpoint | undefined;
}

/**
 * Keeps other runs out of `out` while one writes there. Throws `locked` where one is at work. A folder that was made for
 * the lock alone goes with it.
 */
export async function lockPlace(out: string): Promise<Release> {
  const made = await mkdir(out, { recursive: true }).catch((error: unknown) => {
    throw diskError(error, out);
  });
  const release = await takeLock(join(out, LOCK));
  return async () => {
    await release();
    if (made !== undefined) await rmdir(out).catch(() => {}); // not empty: the run left something
  };
}

const LOCK = ".lock";

/**
 * Looks at `out`. Throws `invalid_argument` when there is something in it and it is not to be resumed, or when the run
 * that is done there had other settings.
 */
export async function openPlace(
  config: RunConfig,
  { resume = false, onNotice }: { readonly resume?: boolean; readonly onNotice?: OnNotice },
): Promise<Place> {
  const { out } = config;
  const found = await readdir(out).catch((error: unknown) => {
    throw diskError(error, out);
  });
  const entries = found.filter((name) => name !== LOCK);
  if (entries.length === 0) {
    if (resume) onNotice?.(`${out}: there is no run to resume, a new one begins`);
    return { finished: undefined, newest: undefined };
  }
  if (!resume) {
    throw new RetrieveError(
      "invalid_argument",
      `${out}: is not empty; name a new folder, or resume the run that it holds`,
    );
  }
  if (!entries.includes("training")) {
    throw new RetrieveError("invalid_argument", `${out}: holds no run to resume; name another folder`);
  }
  await removeLeftovers(out);
  const done = await readFinished(out);
  if (done !== undefined) {
    const { config: then, ...finished } = done;
    refuseChanges(out, changedSettings(then, config));
    await removeCheckpoints(out);
    onNotice?.(`${out}: the run is done, there is nothing to resume`);
    return { finished, newest: undefined };
  }
  const newest = (await listCheckpoints(out)).at(-1);
  if (newest === undefined) onNotice?.(`${out}: the run wrote no checkpoint, so it begins again`);
  return { finished: undefined, newest };
}

/** Sets weights and optimizer to the newest checkpoint; its state, or undefined where there is none. */
export async function restoreRun(
  { newest }: Place,
  run: {
    readonly config: RunConfig;
    readonly data: readonly string[];
    readonly base: string;
    readonly arena: Arena;
    readonly optimizer: Optimizer;
  },
): Promise<RunState | undefined> {
  if (newest === undefined) return undefined;
  const { folder } = newest;
  const { state, tensors } = await readCheckpoint(newest);
  checkSame(folder, state, run);
  const { arena, optimizer } = run;
  try {
    optimizer.restore(new Map([...tensors].filter(([name]) => !name.startsWith(parameterPrefix))));
  } catch (cause) {
    throw damaged(folder, folder, messageOf(cause), cause);
  }
  for (const name of arena.trainable) {
    const parameter = tensors.get(`${parameterPrefix}${name}`);
    const target = arena.parameter(name);
    if (parameter?.dtype !== "float32" || parameter.data.length !== target.length) {
      throw damaged(folder, folder, `has no ${name} of ${target.length} numbers`);
    }
    target.set(parameter.data);
  }
  return state;
}

/** Settings that do not change what is computed. */
const free = new Set(["out", "threads", "saveSteps", "data"]);

function checkSame(
  folder: string,
  state: RunState,
  now: { readonly config: RunConfig; readonly data: readonly string[]; readonly base: string },
): void {
  const changed = changedSettings(state.config, now.config);
  if (state.data.join() !== now.data.join()) changed.push("the content of the data");
  if (state.base !== now.base) changed.push("the weights of the base");
  refuseChanges(folder, changed);
}

function changedSettings(before: Partial<RunConfig>, now: RunConfig): string[] {
  const [then, wanted] = [settingsOf(before), settingsOf(now)];
  return [...new Set([...then.keys(), ...wanted.keys()])]
    .filter((name) => !isDeepStrictEqual(then.get(name), wanted.get(name)))
    .map((name) => `${name} (${show(then.get(name))} then, ${show(wanted.get(name))} now)`);
}

function refuseChanges(folder: string, changed: readonly string[]): void {
  if (changed.length === 0) return;
  throw new RetrieveError(
    "invalid_argument",
    `${folder}: the run began with other settings: ${changed.join(", ")}; resume with those, or train to a new folder`,
  );
}

function show(value: unknown): string {
  return value === undefined ? "not given" : JSON.stringify(value);
}

function settingsOf(config: Partial<RunConfig>): Map<string, unknown> {
  return new Map(Object.entries(config).filter(([name, value]) => !free.has(name) && value !== undefined));
}

async function readFinished(out: string): Promise<FinishedRun | undefined> {
  const text = await readText(trainingFile(out, "report.json")).catch((error: unknown) => {
    if (RetrieveError.isInstance(error) && error.code === "not_found") return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as FinishedRun);
}
