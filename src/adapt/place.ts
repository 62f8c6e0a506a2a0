/** The folder of an adaptation: empty, or holding one to go on with; and the model that comes to stand in it. */

import { mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  diskError,
  type OnNotice,
  type Release,
  RetrieveError,
  readText,
  takeLock,
  writeFileAtomic,
} from "../std/index.ts";
import type { AdaptSettings } from "./config.ts";

const lockName = ".lock";
/** The folder within `out` that holds all but the model. */
export const workFolder = "adapt";

/** Keeps other writers out of `out`. Throws `locked`. A folder that was made for the lock alone goes with it. */
export async function lockOut(out: string): Promise<Release> {
  const made = await mkdir(out, { recursive: true }).catch((error: unknown) => {
    throw diskError(error, out);
  });
  const release = await takeLock(join(out, lockName));
  return async () => {
    await release();
    if (made !== undefined) await rmdir(out).catch(() => {}); // not empty: the work left something
  };
}

/**
 * Looks at `out`, and notes the settings of an adaptation that begins.
 *
 * Throws `invalid_argument` where there is something in it that is not to be resumed, or that began with other settings.
 */
export async function openPlace(
  settings: AdaptSettings,
  { resume = false, onNotice }: { readonly resume?: boolean; readonly onNotice?: OnNotice },
): Promise<void> {
  const { out } = settings;
  const entries = (await readdir(out)).filter((name) => name !== lockName);
  const file = join(out, workFolder, "settings.json");
  if (entries.length > 0 && !resume) {
    throw new RetrieveError(
      "invalid_argument",
      `${out}: is not empty; name a new folder, or resume the adaptation that it holds (--resume)`,
    );
  }
  if (entries.length > 0 && !entries.includes(workFolder)) {
    throw new RetrieveError("invalid_argument", `${out}: holds no adaptation to resume; name another folder`);
  }
  if (entries.length === 0 && resume)
    onNotice?.(`${out}: there is no adaptation to resume, a new one begins`);
  const before = await readSettings(file);
  if (before === undefined)
    await writeFileAtomic(file, `${JSON.stringify(comparable(settings), undefined, 2)}\n`);
  else refuseChanges(out, before, comparable(settings));
}

/** Takes back what a beginning that came to nothing has written. */
export async function clearPlace(out: string): Promise<void> {
  await rm(join(out, workFolder), { recursive: true, force: true });
}

/** Moves a model folder into `out`, the weights last, so that a folder with weights is complete. May be done again. */
export async function promote(candidate: string, out: string): Promise<void> {
  const entries = await readdir(candidate, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.isFile() && entry.name !== lockName)
    .map(({ parentPath, name }) => join(parentPath, name));
  const isWeights = (file: string): boolean => /(model|adapter)\.safetensors$/.test(basename(file));
  for (const file of files.sort((left, right) => Number(isWeights(left)) - Number(isWeights(right)))) {
    const target = join(out, relative(candidate, file));
    try {
      await mkdir(dirname(target), { recursive: true });
      await rename(file, target);
    } catch (error) {
      throw diskError(error, target);
    }
  }
  await rm(candidate, { recursive: true, force: true });
}

async function readSettings(file: string): Promise<unknown> {
  const text = await readText(file).catch((error: unknown) => {
    if (RetrieveError.isInstance(error) && error.code === "not_found") return undefined;
    throw error;
  });
  return text === undefined ? undefined : JSON.parse(text);
}

/** Without what does not change the result, and as JSON has it. */
function comparable({ out: _out, training, ...settings }: AdaptSettings): Record<string, unknown> {
  const { threads: _threads, ...own } = training;
  return JSON.parse(JSON.stringify({ ...settings, training: own })) as Record<string, unknown>;
}

function refuseChanges(out: string, before: unknown, now: Readonly<Record<string, unknown>>): void {
  const then = Object.fromEntries(Object.entries(before ?? {}));
  const changed = [...new Set([...Object.keys(then), ...Object.keys(now)])].filter(
    (name) => !isDeepStrictEqual(then[name], now[name]),
  );
  if (changed.length === 0) return;
  const told = changed.map((name) => `${name} (${shown(then[name])} then, ${shown(now[name])} now)`);
  throw new RetrieveError(
    "invalid_argument",
    `${out}: the adaptation began with other settings: ${told.join(", ")}; resume with those, or name a new folder`,
  );
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? "not given";
}
