/** The encoder made better: losses, batches, optimizer, and the run that joins them. Knows no command line. */

export {
  type AdamWOptions,
  createAdamW,
  decaysByDefault,
  type Optimizer,
  type StepOptions,
} from "./adamw.ts";
export { type BatchItem, type BatchMethod, batches } from "./batches/index.ts";
export type { Pass } from "./chunks.ts";
export { type LoraConfig, type RunConfig, resolveConfig, type TrainConfig } from "./config.ts";
export type { TrainReport } from "./finish.ts";
export type { ArenaTensor } from "./layout.ts";
export {
  type BatchTexts,
  type ContrastiveOptions,
  contrastive,
  type DistillationOptions,
  distillation,
  falseNegatives,
  type Loss,
  type LossBatch,
  type LossResult,
  type MarginMseOptions,
  type MatryoshkaPart,
  marginMse,
  matryoshka,
  type StabilisedOptions,
  stabilised,
  type TaskBatch,
  taskBatch,
  type WeightedLoss,
  weighted,
  weightedSum,
} from "./losses/index.ts";
export type { Matrix } from "./matrix.ts";
export { type Arena, createArena } from "./parameters.ts";
export {
  type PlannedDataSet,
  type PlannedTask,
  type PlanOptions,
  planTraining,
  type TrainingPlan,
} from "./plan.ts";
export type { Evaluation, LogEntry, Metrics } from "./report.ts";
export type { TrainHooks } from "./run.ts";
export { createSchedule, type Schedule } from "./schedule.ts";
export type { LossTerm, SettingsSet, TaskSettings } from "./settings.ts";
export { train } from "./train.ts";
export { openTrainable, type Trainable, type TrainableOptions } from "./trainable.ts";
