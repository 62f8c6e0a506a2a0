/**
 * The data sets of a run: files of rows opened under the settings of their tasks, and the groups of a batch read from
 * them. What is sampled depends on seed, epoch and row alone.
 */

import { dataSetNames, openRowFile, type RowFile, sampleGroup } from "../dataset/index.ts";
import type { OnNotice, OnProgress } from "../std/index.ts";
import { RetrieveError } from "../std/index.ts";
import { type BatchItem, batches, randomOf } from "./batches/index.ts";
import type { RunConfig } from "./config.ts";
import type { Loss } from "./losses/index.ts";
import { contrastiveSettings, lossOf, needsTeacher, type TaskSettings, taskSettings } from "./settings.ts";
import type { TrainingItem } from "./step.ts";

export interface DataSet {
  readonly file: RowFile;
  readonly settings: TaskSettings;
  readonly loss: Loss;
}

type DataConfig = Pick<
  RunConfig,
  "data" | "settings" | "tasks" | "temperature" | "matryoshka" | "groupSize" | "seed"
>;

export interface OpenDataOptions {
  readonly onNotice?: OnNotice | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Opens every file. What closes them is the caller; on an error none stays open. */
export async function openDataSets(config: DataConfig, options: OpenDataOptions): Promise<DataSet[]> {
  const names = dataSetNames(config.data);
  const opened: DataSet[] = [];
  try {
    for (const [at, path] of config.data.entries()) {
      opened.push(await openDataSet(path, names[at] ?? path, config, options));
    }
    return opened;
  } catch (error) {
    await closeDataSets(opened);
    throw error;
  }
}

export async function closeDataSets(sets: readonly DataSet[]): Promise<void> {
  await Promise.all(sets.map(({ file }) => file.close()));
}

async function openDataSet(
  path: string,
  name: string,
  config: DataConfig,
  { onNotice, onProgress, signal }: OpenDataOptions,
): Promise<DataSet> {
  const hooks = {
    ...(onNotice && { onNotice }),
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  };
  const first = await openRowFile(path, { ...hooks, name });
  const chosen = { ...taskSettings(config.settings, first.task), ...config.tasks[first.task] };
  const { minScore, minSpread, maxRows } = chosen;
  const filters = {
    ...(minScore !== undefined && { minScore }),
    ...(minSpread !== undefined && { minSpread }),
    ...(maxRows !== undefined && { maxRows }),
  };
  const filtered = Object.keys(filters).length > 0;
  if (filtered) await first.close();
  const file = filtered ? await openRowFile(path, { ...hooks, ...filters, name }) : first;
  const settings = settingsFor(file, chosen, onNotice);
  if (!file.withNegatives) {
    onNotice?.(`${path}: rows without negatives train on the in-batch negatives alone`);
  }
  return { file, settings, loss: lossOf(settings.losses, config) };
}

/** Rows without scores cannot be distilled, whatever their task's settings. */
function settingsFor(file: RowFile, chosen: TaskSettings, onNotice: OnNotice | undefined): TaskSettings {
  if (!needsTeacher(chosen) || file.withTeacher) return chosen;
  onNotice?.(`${file.path}: task ${file.task} has no teacher_scores, so it trains contrastively`);
  return { ...chosen, losses: contrastiveSettings.losses };
}

/** The batches of a run, without end. Throws `invalid_argument` for a data set that is smaller than a batch. */
export function drawBatches(
  sets: readonly DataSet[],
  { batchSize, batches: method, seed }: Pick<RunConfig, "batchSize" | "batches" | "seed">,
): Generator<readonly BatchItem[]> {
  const small = method === "off" ? undefined : sets.find(({ file }) => file.length < batchSize);
  if (small !== undefined) {
    throw new RetrieveError(
      "invalid_argument",
      `${small.file.path}: has ${small.file.length} rows, fewer than a batch of ${batchSize}; ` +
        "make the batch smaller, leave the file out, or mix the data sets (batches off)",
    );
  }
  return batches({ sizes: sets.map(({ file }) => file.length), batchSize, method, seed });
}

/** Keeps the random numbers of groups apart from those of batches. */
const forGroups = 0x67726f75;

/** The groups of a batch, in its order. */
export async function readGroups(
  sets: readonly DataSet[],
  batch: readonly BatchItem[],
  { groupSize, seed }: Pick<RunConfig, "groupSize" | "seed">,
): Promise<TrainingItem[]> {
  return await Promise.all(
    batch.map(async ({ dataset, row, epoch }) => {
      const { file, settings, loss } = setAt(sets, dataset);
      const random = randomOf([seed, forGroups, dataset, row, epoch]);
      const group = sampleGroup(await file.read(row), { ...settings, size: groupSize }, random);
      if (group === undefined) throw undecided(file, row);
      return { task: file.task, loss, group };
    }),
  );
}

function setAt(sets: readonly DataSet[], at: number): DataSet {
  const found = sets[at];
  if (found === undefined) throw new RetrieveError("internal", `training: there is no data set ${at}`);
  return found;
}

function undecided({ path }: RowFile, row: number): RetrieveError {
  return new RetrieveError(
    "invalid_data",
    `${path}: row ${row} has neither a positive nor scores to choose one by`,
  );
}
