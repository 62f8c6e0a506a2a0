/**
 * AdamW over an arena: Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019), with the formula, the
 * defaults and the gradient clipping of PyTorch. Knows no loss and no schedule: each step is told its learning rate.
 */

import { RetrieveError } from "../std/index.ts";
import { createTensor, type Tensor } from "../tensor/index.ts";
import type { Arena } from "./parameters.ts";

export interface AdamWOptions {
  /** Decay of the running means of the gradient and of its square, each in [0, 1). Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the second moment. Default 1e-8. */
  readonly eps?: number;
  /** A step takes learning rate · weight decay · parameter away. Default 0.01. */
  readonly weightDecay?: number;
  /** Which parameters decay. Default: all but biases and normalisations. */
  readonly decays?: (name: string) => boolean;
  /** A factor on the learning rate of a parameter. Default 1 for all. */
  readonly learningRateScale?: (name: string) => number;
}

export interface StepOptions {
  readonly learningRate: number;
  /** The longest norm that the gradient may have; a longer one is shortened first. Default: any. */
  readonly clip?: number;
}

export interface Optimizer {
  /** Steps applied so far, those before a restored state included. */
  readonly steps: number;
  /**
   * One step along the gradients of the arena, which stay for the caller to zero. Returns their norm as it was before
   * clipping. When that is not finite **nothing was changed**: no parameter, moment, gradient or count.
   *
   * Throws `invalid_argument` for a learning rate that is negative or not finite, or a clip that is not positive.
   */
  step(options: StepOptions): number;
  /**
   * What `restore` needs, under PyTorch's words: `step`, and `NAME.exp_avg` and `NAME.exp_avg_sq` for each parameter
   * that trains. The moments are views that the next step changes: write or copy them before it.
   */
  state(): Map<string, Tensor>;
  /**
   * Goes on from a state, bit for bit, once the parameters are those of then. Throws `invalid_data`, with nothing
   * changed, for a state of other parameters.
   */
  restore(state: ReadonlyMap<string, Tensor>): void;
}

/** An optimizer at step 0. The moments lie in the arena, which belongs to one optimizer. */
export function createAdamW(arena: Arena, options: AdamWOptions = {}): Optimizer {
  const settings = checkedSettings(options);
  let steps = 0;
  return {
    get steps() {
      return steps;
    },
    step({ learningRate, clip = Number.POSITIVE_INFINITY }) {
      if (!(learningRate >= 0 && learningRate < Number.POSITIVE_INFINITY)) {
        throw invalid(`the learning rate is ${learningRate}; wanted a finite number from 0`);
      }
      if (!(clip > 0)) throw invalid(`clip is ${clip}; wanted a number above 0`);
      const norm = arena.gradientNorm();
      if (!Number.isFinite(norm)) return norm;
      // torch.nn.utils.clip_grad_norm_
      const factor = clip / (norm + 1e-6);
      if (factor < 1) arena.scaleGradients(factor);
      steps++;
      for (const name of arena.trainable) update(arena, name, { ...settings, learningRate, steps });
      return norm;
    },
    state() {
      const count = createTensor("int64", [], BigInt64Array.of(BigInt(steps)));
      return new Map<string, Tensor>([["step", count], ...momentsOf(arena)]);
    },
    restore(state) {
      const found = checkedState(arena, state);
      for (const [name, { data }] of momentsOf(arena)) data.set(found.moments.get(name) ?? []);
      steps = found.steps;
    },
  };
}

/**
 * Whether a parameter decays by default: biases and normalisations do not, as in the reference code of BERT (Devlin
 * et al. 2019).
 */
export function decaysByDefault(name: string): boolean {
  return !/(^|[._])bias$|norm[^.]*\.[^.]*$/i.test(name);
}

interface Update extends Required<AdamWOptions> {
  readonly learningRate: number;
  readonly steps: number;
}

/** Coefficients are computed in float64 and rounded to float32 once, on their way into the routine. */
function update(arena: Arena, name: string, { betas, eps, steps, ...options }: Update): void {
  const [beta1, beta2] = betas;
  const learningRate = options.learningRate * options.learningRateScale(name);
  const weightDecay = options.decays(name) ? options.weightDecay : 0;
  const parameter = arena.parameter(name);
  const [first, second] = arena.moments(name);
  arena.kernels.adamw(
    parameter.byteOffset,
    arena.gradient(name).byteOffset,
    first.byteOffset,
    second.byteOffset,
    parameter.length,
    1 - learningRate * weightDecay,
    1 - beta1,
    beta2,
    1 - beta2,
    Math.sqrt(1 - beta2 ** steps),
    eps,
    learningRate / (1 - beta1 ** steps),
  );
}

type Moment = Tensor<"float32">;

function momentsOf(arena: Arena): [name: string, moment: Moment][] {
  return arena.trainable.flatMap((name) => {
    const [first, second] = arena.moments(name);
    const shape = arena.shape(name);
    return [
      [`${name}.exp_avg`, createTensor("float32", shape, first)],
      [`${name}.exp_avg_sq`, createTensor("float32", shape, second)],
    ] satisfies [string, Moment][];
  });
}

function checkedSettings(options: AdamWOptions): Required<AdamWOptions> {
  const { betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01 } = options;
  const { decays = decaysByDefault, learningRateScale = () => 1 } = options;
  if (!betas.every((beta) => beta >= 0 && beta < 1)) {
    throw invalid(`betas are ${betas.join(", ")}; wanted numbers from 0 to below 1`);
  }
  for (const [name, value] of Object.entries({ eps, weightDecay })) {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      throw invalid(`${name} is ${value}; wanted a finite number from 0`);
    }
  }
  return { betas, eps, weightDecay, decays, learningRateScale };
}

/** Checks all before anything is changed: the step count and, by name, the moments. */
function checkedState(arena: Arena, state: ReadonlyMap<string, Tensor>): State {
  const count = state.get("step");
  const steps = count?.dtype === "int64" && count.data.length === 1 ? Number(count.data[0]) : -1;
  if (!Number.isSafeInteger(steps) || steps < 0) throw broken("step is not one int64 number from 0");
  const wanted = momentsOf(arena);
  const moments = wanted.map(([name, { shape }]) => {
    const found = state.get(name);
    if (found === undefined) throw broken(`${name} is missing`);
    if (found.dtype !== "float32" || String(found.shape) !== String(shape)) {
      throw broken(`${name} is ${found.dtype} [${found.shape}], wanted float32 [${shape}]`);
    }
    return [name, found.data] as const;
  });
  const known = new Set(["step", ...wanted.map(([name]) => name)]);
  const unknown = [...state.keys()].find((name) => !known.has(name));
  if (unknown !== undefined) throw broken(`${unknown} belongs to no parameter that trains`);
  return { steps, moments: new Map(moments) };
}

interface State {
  readonly steps: number;
  readonly moments: ReadonlyMap<string, Float32Array>;
}

function broken(what: string): RetrieveError {
  return new RetrieveError(
    "invalid_data",
    `AdamW: the state does not fit: ${what}; go on with the parameters and the state of one checkpoint`,
  );
}

function invalid(what: string): RetrieveError {
  return new RetrieveError("invalid_argument", `AdamW: ${what}`);
}
