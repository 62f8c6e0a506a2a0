/** Texts to vectors. Knows no stores and no ranking. */

export type {
  EncodeOptions,
  Encoder,
  InstructionPair,
  OpenEncoderOptions,
  Side,
  TaskName,
} from "./encoder.ts";
export { taskNames } from "./instructions.ts";
export {
  describeModel,
  fetchModel,
  type ListedModel,
  listModels,
  type ModelDescription,
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
export { exportModel, quantizeModel, type WriteModelOptions, type WrittenModel } from "./write.ts";
