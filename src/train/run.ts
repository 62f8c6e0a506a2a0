/** A run under way: what it was told, what it works with, and where it stands. */

import type { Encoder } from "../encoder/index.ts";
import type { OnNotice, OnProgress } from "../std/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { createTensor } from "../tensor/index.ts";
import type { Optimizer } from "./adamw.ts";
import type { RunState } from "./checkpoint.ts";
import type { RunConfig } from "./config.ts";
import type { DataSet } from "./data.ts";
import type { RunLog } from "./log.ts";
import type { Evaluation, LogEntry, Metrics } from "./report.ts";
import type { SelfPacedState } from "./self-paced.ts";
import type { Student } from "./student.ts";

export interface TrainHooks {
  /** Measures the encoder at the start, at each checkpoint and at the end; higher is better. */
  readonly evaluate?: (encoder: Encoder) => Promise<Metrics>;
  /** Told after each measure. */
  readonly onEvaluation?: (evaluation: Evaluation) => void;
  /** Told after each update. */
  readonly onStep?: (entry: LogEntry, steps: number) => void;
  /** Goes on from the newest checkpoint in `out`, or begins where there is none. */
  readonly resume?: boolean;
  readonly offline?: boolean;
  readonly onNotice?: OnNotice;
  /** Of reading the data. */
  readonly onProgress?: OnProgress;
  /** Ends the run after the update that is under way, with a checkpoint. */
  readonly signal?: AbortSignal;
}

export interface Run {
  readonly config: RunConfig;
  readonly hooks: TrainHooks;
  readonly sets: readonly DataSet[];
  readonly student: Student;
  readonly optimizer: Optimizer;
  readonly log: RunLog;
  /** By step; the first is that of the base. */
  readonly evaluations: Evaluation[];
  /** What was told, for the report. */
  readonly notices: readonly string[];
  /** Updates done. */
  step: number;
  paces: SelfPacedState;
  /** The step of the newest checkpoint; undefined before the first. */
  saved: number | undefined;
  /** Seconds spent before this process took the run up. */
  readonly before: number;
  readonly started: number;
}

/** Time spent on the run, in seconds. */
export function secondsOf({ before, started }: Run): number {
  return before + (performance.now() - started) / 1000;
}

/** What a checkpoint holds besides tensors. */
export function stateOf(run: Run): RunState {
  const { step, config, paces, sets } = run;
  const data = sets.map(({ file }) => file.hash);
  return { format: 1, step, config, data, paces, seconds: secondsOf(run) };
}

/** Where the weights come from, for `retrieve.json`. */
export function lineageOf({ step, config, sets }: Run): Record<string, unknown> {
  const data = sets.map(({ file }) => ({
    name: file.name,
    task: file.task,
    rows: file.length,
    sha256: file.hash,
  }));
  return { base: config.base, made: "retrieve train", step, data };
}

/** What trains, under `parameter NAME`: views that the next update changes. */
export function parametersOf({ trainable: { arena } }: Student): ReadonlyMap<string, Tensor<"float32">> {
  return new Map(
    arena.trainable.map((name) => [
      `parameter ${name}`,
      createTensor("float32", arena.shape(name), arena.parameter(name)),
    ]),
  );
}
