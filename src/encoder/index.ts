/** Texts to vectors. Knows no stores and no ranking. */

export { type AdapterSettings, baseReference, fillAdapterFolder } from "./adapter.ts";
export { formBatches, padBatch } from "./batches.ts";
export type {
  EncodeOptions,
  Encoder,
  InstructionPair,
  OpenEncoderOptions,
  Side,
  TaskName,
} from "./encoder.ts";
export { type ModelFolder, readModelFolder } from "./folder.ts";
export { type FrozenEncoder, openFrozen } from "./frozen.ts";
export { type Instructions, instructionOf, resolveInstructions, taskNames } from "./instructions.ts";
export { addLinearGradient, applyLinear, type LinearMap } from "./linear.ts";
export { mergeAdapters } from "./low-rank.ts";
export {
  type MergedModel,
  type MergedPart,
  type MergeOptions,
  type MergeShare,
  mergeModels,
} from "./merge.ts";
export {
  describeModel,
  fetchModel,
  type ListedModel,
  listModels,
  type ModelDescription,
  openModelFolder,
} from "./models.ts";
export { openEncoder } from "./open.ts";
export { buildPooling, type Pooling } from "./pooling.ts";
export {
  buildTransformer,
  type LowRank,
  type TraceOptions,
  type TransformerConfig,
  type TransformerOptions,
  type TransformerTrace,
  traceTransformer,
} from "./transformer.ts";
export { readFloat32 } from "./weights-file.ts";
export {
  exportModel,
  fillFloat32Folder,
  quantizeModel,
  type WriteModelOptions,
  type WrittenModel,
} from "./write.ts";
