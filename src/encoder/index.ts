/** Texts to vectors. Knows no stores and no ranking. */

export type {
  EncodeOptions,
  Encoder,
  InstructionPair,
  OpenEncoderOptions,
  Side,
  TaskName,
} from "./encoder.ts";
export { openEncoder } from "./open.ts";
export { exportModel, quantizeModel, type WriteModelOptions, type WrittenModel } from "./write.ts";
