/** The encoder made better: the optimizer and the memory that it works in. Knows no command line. */

export {
  type AdamWOptions,
  createAdamW,
  decaysByDefault,
  type Optimizer,
  type StepOptions,
} from "./adamw.ts";
export { type DropoutOptions, fillDropoutMask } from "./dropout.ts";
export type { ArenaTensor } from "./layout.ts";
export { type Arena, createArena } from "./parameters.ts";
