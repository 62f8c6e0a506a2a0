/**
 * Dropout masks as a function of seed, stream and position: the same on every machine, whatever was drawn before, so
 * that a second pass over a chunk multiplies by the mask of the first. Knows no layers: the caller numbers the streams.
 *
 * Srivastava et al., Dropout (2014), in the inverted form: what is kept is scaled up, so that inference has no factor.
 */

import { RetrieveError } from "../std/index.ts";
import { createKernels, type Kernels } from "./kernels.ts";

export interface DropoutOptions {
  /** The probability of 0, in [0, 1). */
  readonly rate: number;
  /** Masks of two seeds are independent. An integer from 0 to 2^53 - 1, like the two that follow. */
  readonly seed: number;
  /** Masks of two streams are independent. */
  readonly stream: number;
  /** How many numbers of the stream lie before the first one of the mask. Default 0. */
  readonly offset?: number;
}

/**
 * Fills `target` with numbers `offset`, `offset` + 1, … of a stream: 0 with probability `rate`, else 1 / (1 - rate).
 *
 * Number n is half n mod 8 (16 bits, lower halves first) of counter ⌊n / 8⌋ of Philox4x32-10, with the seed as its key
 * and the stream as the upper half of its counter; it is 0 when the half is below rate · 2^16, rounded. So the rate
 * holds to within 2^-17. Throws `invalid_argument` for values out of range. Cost: a few nanoseconds a number.
 */
export function fillDropoutMask(target: Float32Array, options: DropoutOptions): void {
  const { rate, seed, stream, offset = 0 } = options;
  check(options, target.length);
  stage ??= createKernels(6 * STAGE);
  const threshold = Math.min(Math.round(rate * HALF), HALF - 1);
  const skipped = offset % GROUP; // whole groups are drawn; what the mask does not cover is left out
  for (let at = -skipped; at < target.length; at += STAGE) {
    const count = Math.min(STAGE, target.length - at);
    const groups = Math.ceil(count / GROUP);
    stage.philox(WORDS_AT, groups, ...words((offset + at) / 8), ...words(stream), ...words(seed));
    stage.mask(0, WORDS_AT, groups, threshold, 1 / (1 - rate));
    const drawn = new Float32Array(stage.buffer, 0, count);
    target.set(at < 0 ? drawn.subarray(skipped) : drawn, Math.max(at, 0));
  }
}

const HALF = 2 ** 16;
const WORD = 2 ** 32;
/** Numbers that the routines draw at a time. */
const GROUP = 32;
/** Numbers drawn before they are copied: 256 KB, which stay in the cache; after them their random words. */
const STAGE = 65_536;
const WORDS_AT = 4 * STAGE;

/** A small memory of its own, so that masks can go anywhere. */
let stage: Kernels | undefined;

function words(value: number): [low: number, high: number] {
  return [value % WORD, Math.floor(value / WORD)];
}

function check({ rate, seed, stream, offset = 0 }: DropoutOptions, length: number): void {
  if (!(rate >= 0 && rate < 1)) {
    throw new RetrieveError("invalid_argument", `dropout: rate ${rate}; wanted one from 0 to below 1`);
  }
  for (const [name, value] of Object.entries({
    seed,
    stream,
    offset,
    "the end of the mask": offset + length,
  })) {
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw new RetrieveError(
      "invalid_argument",
      `dropout: ${name} is ${value}; wanted an integer from 0 to 2^53 - 1`,
    );
  }
}
