/** Losses: plain functions from the embeddings of a batch to a value and its gradient. */

export { type ContrastiveOptions, contrastive } from "./contrastive.ts";
export { type DistillationOptions, distillation } from "./distillation.ts";
export { type BatchTexts, falseNegatives } from "./false-negatives.ts";
export type { Loss, LossBatch, LossResult } from "./loss.ts";
export { type MarginMseOptions, marginMse } from "./margin-mse.ts";
export { type MatryoshkaPart, matryoshka } from "./matryoshka.ts";
export { type StabilisedOptions, stabilised } from "./stabilised.ts";
export { type TaskBatch, taskBatch } from "./task-batch.ts";
export { type WeightedLoss, weighted, weightedSum } from "./weighted.ts";
