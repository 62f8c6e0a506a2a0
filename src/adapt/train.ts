/** The candidate: the starting encoder trained on the rows that are not held out. */

import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { describeModel } from "../encoder/index.ts";
import { RetrieveError } from "../std/index.ts";
import { type TrainReport, train } from "../train/index.ts";
import type { Work } from "./hooks.ts";
import type { Scored, TaskFile } from "./score.ts";

/** The folder of the candidate, within that of the adaptation. */
export const candidateFolder = "candidate";

export interface Trained extends Omit<TrainReport, "out" | "metrics"> {
  readonly batchSize: number;
  readonly data: readonly TaskFile[];
}

const defaults = { batchSize: 32, passes: 3, fewestSteps: 50, mostSteps: 1000, checkpoints: 5 } as const;
/** Smaller data sets are left out where there are others: every batch is of one set. */
const fewestRows = 8;

/**
 * No checkpoint is chosen by the held-out rows, for then they would not be held out: the last one is the candidate.
 *
 * Throws what {@link train} throws.
 */
export async function trainCandidate(work: Work, { train: files }: Scored): Promise<Trained> {
  const { settings, at, onNotice, onStep, offline, signal } = work;
  const data = worthTraining(files, onNotice);
  const { batchSize, steps, saveSteps } = sizesOf(data, settings.training, onNotice);
  const out = at(candidateFolder);
  const config = {
    seed: settings.seed,
    ...(await keptInstructions(work)),
    ...settings.training,
    ...{ batchSize, steps, saveSteps },
    data: data.map(({ file }) => at(file)),
    base: settings.base,
    out,
  };
  const isBegun = await readdir(out).then(
    (names) => names.length > 0,
    () => false,
  );
  const {
    steps: done,
    loss,
    seconds,
  } = await train(config, {
    resume: isBegun,
    ...(offline && { offline }),
    ...(onStep && { onStep }),
    ...(signal && { signal }),
    onNotice,
    onProgress: work.onProgress,
  });
  return { steps: done, loss, seconds, batchSize, data };
}

/**
 * A base without instructions stays so: training gives it a set where nothing is said, but a short adaptation does not make
 * up for what new words before every text of every task undo.
 */
async function keptInstructions({
  settings,
  offline,
  signal,
}: Work): Promise<{ readonly instructions?: string }> {
  const { instructions } = await describeModel(settings.base, {
    ...(offline && { offline }),
    ...(signal && { signal }),
  });
  const isBare = Object.values(instructions).every(({ query, document }) => query === "" && document === "");
  return isBare ? { instructions: "none" } : {};
}

function worthTraining(files: readonly TaskFile[], onNotice: Work["onNotice"]): readonly TaskFile[] {
  const worth = files.filter(({ rows }) => rows >= fewestRows);
  if (worth.length === 0) {
    const counts = files.map(({ file, rows }) => `${basename(file)} ${rows}`).join(", ");
    throw new RetrieveError(
      "invalid_data",
      `too few rows to train on: ${counts}; wanted at least ${fewestRows} of a kind, give more`,
    );
  }
  for (const { file, rows } of files) {
    if (rows < fewestRows) onNotice(`${basename(file)}: is left out, ${rows} rows are too few for a batch`);
  }
  return worth;
}

/** A batch is of one data set, so the smallest set says how large it may be. */
function sizesOf(
  data: readonly TaskFile[],
  given: Work["settings"]["training"],
  onNotice: Work["onNotice"],
): { readonly batchSize: number; readonly steps: number; readonly saveSteps: number } {
  const smallest = data.reduce((least, { rows }) => Math.min(least, rows), Number.POSITIVE_INFINITY);
  const batchSize = given.batchSize ?? Math.min(defaults.batchSize, smallest);
  if (given.batchSize === undefined && batchSize < defaults.batchSize) {
    onNotice(`batches are of ${batchSize} rows, because the smallest data set has no more`);
  }
  const rows = data.reduce((sum, file) => sum + file.rows, 0);
  const passes = Math.round((defaults.passes * rows) / batchSize);
  const steps = given.steps ?? Math.min(defaults.mostSteps, Math.max(defaults.fewestSteps, passes));
  const saveSteps = given.saveSteps ?? Math.max(1, Math.min(100, Math.round(steps / defaults.checkpoints)));
  return { batchSize, steps, saveSteps };
}
