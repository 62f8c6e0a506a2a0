export type {
  EncodeOptions,
  Encoder,
  InstructionPair,
  OpenEncoderOptions,
  Side,
  TaskName,
} from "./encoder.ts";
