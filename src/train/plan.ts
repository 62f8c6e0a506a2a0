/**
 * What a run would be, without running it: the rows that each task sees, the tokens of a step, and the time and memory
 * that they take on this machine. Writes nothing.
 */

import type { BatchItem } from "./batches/index.ts";
import { type RunConfig, resolveConfig, type TrainConfig } from "./config.ts";
import {
  closeDataSets,
  type DataSet,
  drawBatches,
  type OpenDataOptions,
  openDataSets,
  readGroups,
} from "./data.ts";
import type { TaskSettings } from "./settings.ts";
import { gatherTexts } from "./step.ts";
import { openStudent, type Student } from "./student.ts";
import type { Trainable } from "./trainable.ts";

export interface PlannedDataSet extends Pick<TaskSettings, "positive" | "negative" | "losses"> {
  readonly name: string;
  readonly task: string;
  readonly rows: number;
  /** Rows with teacher scores. */
  readonly scored: number;
}

export interface PlannedTask {
  readonly task: string;
  /** Of all its data sets. */
  readonly rows: number;
  /** Queries over the run, those that come again included. */
  readonly seen: number;
  /** How often each row is seen, on average. */
  readonly epochs: number;
}

export interface TrainingPlan {
  readonly config: Omit<RunConfig, "out">;
  readonly data: readonly PlannedDataSet[];
  readonly tasks: readonly PlannedTask[];
  /** Numbers of the model, and those of them that move. */
  readonly parameters: number;
  readonly trained: number;
  /** Estimated from a few batches of each data set. */
  readonly tokensPerStep: number;
  /** Measured here, over one chunk forward and backward. */
  readonly tokensPerSecond: number;
  /** Of all steps; evaluations and checkpoints come on top. */
  readonly seconds: number;
  /** The most memory that this process has used so far, with what the optimizer will add. */
  readonly bytes: number;
}

export interface PlanOptions extends OpenDataOptions {
  readonly offline?: boolean;
}

/**
 * Opens rows and base as `train` does, draws the batches of all steps, and tries one chunk. Takes seconds.
 *
 * Throws what `train` throws for configuration, rows, base and device.
 */
export async function planTraining(
  given: Omit<TrainConfig, "out">,
  options: PlanOptions = {},
): Promise<TrainingPlan> {
  const config = resolveConfig({ ...given, out: "." });
  const sets = await openDataSets(config, options);
  try {
    const { seen, samples } = drawAll(sets, config);
    await using student = await openStudent(config, options);
    const { out: _, ...told } = config;
    return {
      config: told,
      data: sets.map(describe),
      tasks: tasksOf(sets, seen),
      ...(await estimate(student, await readSamples(samples, sets, config, student), config)),
    };
  } finally {
    await closeDataSets(sets);
  }
}

/** Batches of one data set, or of all where they are mixed. */
interface Sample {
  readonly batches: readonly (readonly BatchItem[])[];
  /** Of the run's steps. */
  readonly share: number;
}

/** Batches of each data set that are looked into. */
const SAMPLED = 3;

/** Draws every batch of the run: the queries of each data set, and some batches by the data set of their first item. */
function drawAll(
  sets: readonly DataSet[],
  config: RunConfig,
): { readonly seen: readonly number[]; readonly samples: readonly Sample[] } {
  const drawn = drawBatches(sets, config);
  const seen = sets.map(() => 0);
  const found = new Map<number, { readonly batches: (readonly BatchItem[])[]; steps: number }>();
  for (let step = 0; step < config.steps; step++) {
    const { value: batch = [] } = drawn.next();
    for (const { dataset } of batch) seen[dataset] = (seen[dataset] ?? 0) + 1;
    const first = batch[0]?.dataset ?? 0;
    const own = found.get(first) ?? { batches: [], steps: 0 };
    found.set(first, own);
    own.steps++;
    if (own.batches.length < SAMPLED) own.batches.push(batch);
  }
  const samples = [...found.values()].map(({ batches, steps }) => ({ batches, share: steps / config.steps }));
  return { seen, samples };
}

/** The token rows of a batch, and the share of the steps that it stands for. */
interface SampledRows {
  readonly rows: readonly Int32Array[];
  readonly share: number;
}

async function readSamples(
  samples: readonly Sample[],
  sets: readonly DataSet[],
  config: RunConfig,
  student: Student,
): Promise<SampledRows[]> {
  const read: SampledRows[] = [];
  for (const { batches, share } of samples) {
    for (const batch of batches) {
      const { trained, frozen } = gatherTexts(await readGroups(sets, batch, config), student);
      read.push({ rows: [...trained, ...frozen], share: share / batches.length });
    }
  }
  return read;
}

type Estimate = Omit<TrainingPlan, "config" | "data" | "tasks">;

async function estimate(
  { trainable }: Student,
  sampled: readonly SampledRows[],
  { steps, chunkTokens, seed }: RunConfig,
): Promise<Estimate> {
  const { arena } = trainable;
  const tokensPerStep = Math.round(sampled.reduce((sum, { rows, share }) => sum + share * lengthOf(rows), 0));
  const chunk = fillChunk(
    sampled.flatMap(({ rows }) => rows),
    chunkTokens,
  );
  const tokensPerSecond = Math.round(await measureSpeed(trainable, chunk, seed));
  const count = (names: readonly string[]): number =>
    names.reduce((sum, name) => sum + arena.parameter(name).length, 0);
  const trained = count(arena.trainable);
  return {
    parameters: count(arena.names),
    trained,
    tokensPerStep,
    tokensPerSecond,
    seconds: Math.round((steps * tokensPerStep) / tokensPerSecond),
    // The two moments are reserved already, but the system gives their memory at the first update.
    bytes: process.resourceUsage().maxRSS * 1024 + 8 * trained,
  };
}

/** Rows, evenly spaced over all of them, of about `tokens` tokens; again from the first where that is not enough. */
function fillChunk(rows: readonly Int32Array[], tokens: number): Int32Array[] {
  const step = Math.max(1, Math.floor(lengthOf(rows) / tokens));
  const chunk: Int32Array[] = [];
  for (let at = 0; lengthOf(chunk) < tokens; at += step) chunk.push(rows[at % rows.length] as Int32Array);
  return chunk;
}

/** Tokens a second, forward and backward as in a step, after one round that warms up. */
async function measureSpeed(
  trainable: Trainable,
  rows: readonly Int32Array[],
  seed: number,
): Promise<number> {
  const pass = { seed, number: 0 };
  const round = async (): Promise<void> => {
    const embedded = await trainable.embed(rows, pass);
    await trainable.backward(rows, { ...embedded, data: embedded.data.map(() => 1) }, pass);
  };
  await round();
  const started = performance.now();
  await round();
  return (lengthOf(rows) * 1000) / (performance.now() - started);
}

function lengthOf(rows: readonly Int32Array[]): number {
  return rows.reduce((sum, { length }) => sum + length, 0);
}

function describe({ file, settings: { positive, negative, losses } }: DataSet): PlannedDataSet {
  const { name, task, length: rows, scored } = file;
  return { name, task, rows, scored: Math.min(scored, rows), positive, negative, losses };
}

function tasksOf(sets: readonly DataSet[], seen: readonly number[]): PlannedTask[] {
  const names = [...new Set(sets.map(({ file }) => file.task))];
  return names.map((task) => {
    const members = [...sets.entries()].filter(([, { file }]) => file.task === task);
    const rows = members.reduce((sum, [, { file }]) => sum + file.length, 0);
    const queries = members.reduce((sum, [at]) => sum + (seen[at] ?? 0), 0);
    return { task, rows, seen: queries, epochs: queries / rows };
  });
}
