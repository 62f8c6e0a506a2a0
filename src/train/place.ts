/** The folder that becomes the model: empty, holding a run to go on with, or done. */

import { readdir } from "node:fs/promises";
import { diskError, type OnNotice, RetrieveError, readText } from "../std/index.ts";
import type { Tensor } from "../tensor/index.ts";
import type { Optimizer } from "./adamw.ts";
import { type Checkpoint, listCheckpoints, type RunState, readCheckpoint } from "./checkpoint.ts";
import type { RunConfig } from "./config.ts";
import type { TrainReport } from "./finish.ts";
import type { Arena } from "./parameters.ts";
import { trainingFile } from "./save.ts";

export interface Place {
  /** What the run gave, where it is done. */
  readonly finished: TrainReport | undefined;
  readonly newest: Checkpoint | undefined;
}

/** Looks at `out`. Throws `invalid_argument` when there is something in it and it is not to be resumed. */
export async function openPlace(
  out: string,
  { resume = false, onNotice }: { readonly resume?: boolean; readonly onNotice?: OnNotice },
): Promise<Place> {
  const entries: readonly string[] = await readdir(out).catch((error: unknown) => {
    const said = diskError(error, out);
    if (RetrieveError.isInstance(said) && said.code === "not_found") return [];
    throw said;
  });
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
  const finished = await readReport(out);
  if (finished !== undefined) onNotice?.(`${out}: the run is done, there is nothing to resume`);
  const newest = (await listCheckpoints(out)).at(-1);
  if (finished === undefined && newest === undefined) {
    onNotice?.(`${out}: the run wrote no checkpoint, so it begins again`);
  }
  return { finished, newest };
}

/** Sets weights and optimizer to the newest checkpoint; its state, or undefined where there is none. */
export async function restoreRun(
  { newest }: Place,
  run: {
    readonly config: RunConfig;
    readonly data: readonly string[];
    readonly arena: Arena;
    readonly optimizer: Optimizer;
  },
): Promise<RunState | undefined> {
  if (newest === undefined) return undefined;
  const { state, tensors } = await readCheckpoint(newest);
  checkSame(newest.folder, state, run);
  const parameters = [...tensors].filter(([name]) => name.startsWith(parameterPrefix));
  run.optimizer.restore(new Map([...tensors].filter(([name]) => !name.startsWith(parameterPrefix))));
  for (const [name, tensor] of parameters)
    setParameter(run.arena, name.slice(parameterPrefix.length), tensor);
  return state;
}

const parameterPrefix = "parameter ";

function setParameter(arena: Arena, name: string, { dtype, data }: Tensor): void {
  const target = arena.parameter(name);
  if (dtype !== "float32" || data.length !== target.length) {
    throw new RetrieveError("invalid_data", `checkpoint: ${name} does not fit the model`);
  }
  target.set(data);
}

/** Settings that do not change what is computed. */
const free = new Set(["out", "threads", "saveSteps", "data"]);

function checkSame(
  folder: string,
  state: RunState,
  { config, data }: { readonly config: RunConfig; readonly data: readonly string[] },
): void {
  const [before, now] = [settingsOf(state.config), settingsOf(config)];
  const changed = [...new Set([...before.keys(), ...now.keys()])].filter(
    (name) => before.get(name) !== now.get(name),
  );
  if (state.data.join() !== data.join()) changed.push("the content of the data");
  if (changed.length === 0) return;
  const list = changed
    .map((name) => (now.has(name) ? `${name} (${before.get(name)} then, ${now.get(name)} now)` : name))
    .join(", ");
  throw new RetrieveError(
    "invalid_argument",
    `${folder}: the run began with other settings: ${list}; resume with those, or train to a new folder`,
  );
}

function settingsOf(config: Partial<RunConfig>): Map<string, string> {
  const entries = Object.entries(config).filter(([name, value]) => !free.has(name) && value !== undefined);
  return new Map(entries.map(([name, value]) => [name, JSON.stringify(value)]));
}

async function readReport(out: string): Promise<TrainReport | undefined> {
  const text = await readText(trainingFile(out, "report.json")).catch((error: unknown) => {
    if (RetrieveError.isInstance(error) && error.code === "not_found") return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as TrainReport);
}
