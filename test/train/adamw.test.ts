import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRandom, normal } from "#src/std/index.js";
import { formatSafetensors, parseSafetensors, type Tensor } from "#src/tensor/index.js";
import { type AdamWOptions, createAdamW, createArena, decaysByDefault } from "#src/train/index.js";

type Named = Readonly<Record<string, readonly number[]>>;
interface Golden {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly cases: readonly {
    readonly name: string;
    readonly rates: readonly number[];
    readonly decay?: number;
    readonly clip?: number;
    readonly betas?: readonly [number, number];
    readonly eps?: number;
    readonly scale?: Readonly<Record<string, number>>;
    readonly start: Named;
    readonly gradients: readonly Named[];
    readonly exact: {
      readonly norms: readonly number[];
      readonly steps: readonly Named[];
      readonly moments: Readonly<
        Record<string, Readonly<Record<"exp_avg" | "exp_avg_sq", readonly number[]>>>
      >;
    };
    readonly rounded: { readonly last: Named };
  }[];
}

const golden: Golden = JSON.parse(readFileSync(new URL("../golden/adamw.json", import.meta.url), "utf8"));
const HALF_UNIT = 2 ** -24;

describe.each(golden.cases)("as torch.optim.AdamW: $name", (given) => {
  const arena = createArena(
    Object.entries(golden.shapes).map(([name, shape]) => ({ name, shape, trainable: true })),
  );
  for (const name of arena.names) arena.parameter(name).set(given.start[name]!);
  const { decay = 0.01, clip, scale = {}, betas = [0.9, 0.999], eps = 1e-8 } = given;
  const optimizer = createAdamW(arena, {
    ...{ betas, eps, weightDecay: decay },
    learningRateScale: (name) => scale[name] ?? 1,
  });

  it("follows float64 as closely as float32 can", () => {
    given.rates.forEach((learningRate, step) => {
      for (const name of arena.names) arena.gradient(name).set(given.gradients[step]![name]!);
      const norm = optimizer.step({ learningRate, ...(clip !== undefined && { clip }) });
      expect(Math.abs(norm / given.exact.norms[step]! - 1)).toBeLessThan(1e-14); // both sum in float64
      const [steps, rate] = [step + 1, Math.max(...given.rates)];
      for (const name of arena.names) {
        arena.parameter(name).forEach((value, at) => {
          const wanted = given.exact.steps[step]![name]![at]!;
          // A step rounds the parameter twice. It moves it by at most some learning rates, with about ten roundings.
          const size = Math.max(Math.abs(wanted), Math.abs(given.start[name]![at]!));
          const bound = steps * HALF_UNIT * (2 * size + 40 * rate);
          expect(Math.abs(value - wanted)).toBeLessThanOrEqual(bound);
        });
      }
    });
    for (const name of arena.names) {
      arena.moments(name).forEach((moment, which) => {
        const wanted = given.exact.moments[name]![which === 0 ? "exp_avg" : "exp_avg_sq"];
        const size = Math.max(...wanted.map(Math.abs));
        moment.forEach((value, at) => {
          expect(Math.abs(value - wanted[at]!)).toBeLessThanOrEqual(
            8 * given.rates.length * HALF_UNIT * size,
          );
        });
      });
    }
  });

  it("ends within one unit in the last place of PyTorch's float32, mostly at the same bits", () => {
    const pairs = arena.names.flatMap((name) =>
      Array.from(arena.parameter(name), (value, at) => [value, given.rounded.last[name]![at]!] as const),
    );
    // The two differ where a compiler of PyTorch fuses a product and a sum into one rounding.
    const same = pairs.filter(([ours, theirs]) => ours === theirs).length;
    expect(same / pairs.length).toBeGreaterThan(0.9);
    for (const [ours, theirs] of pairs) {
      expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(2 * HALF_UNIT * Math.abs(theirs));
    }
  });
});

/** A small model with random parameters, and gradients that depend on the step and on the parameters. */
function model(options: AdamWOptions = {}) {
  const arena = createArena([
    { name: "dense.weight", shape: [9, 5], trainable: true },
    { name: "dense.bias", shape: [5], trainable: true },
    { name: "frozen.weight", shape: [3], trainable: false },
  ]);
  const random = createRandom(2);
  for (const name of arena.names) {
    const parameter = arena.parameter(name);
    parameter.set(parameter.map(() => normal(random)));
  }
  const optimizer = createAdamW(arena, options);
  const train = (steps: number): void => {
    for (let step = 0; step < steps; step++) {
      const noise = createRandom(optimizer.steps);
      for (const name of arena.trainable) {
        arena.gradient(name).set(arena.parameter(name).map((value) => value + normal(noise)));
      }
      optimizer.step({ learningRate: 0.01, clip: 1 });
    }
  };
  const numbers = () => arena.names.map((name) => arena.parameter(name).slice());
  return { arena, optimizer, train, numbers };
}

describe("a state", () => {
  it("goes on bit for bit, through a file", () => {
    const straight = model();
    straight.train(12);

    const first = model();
    first.train(7);
    const file = formatSafetensors(first.optimizer.state());
    const parameters = first.numbers();

    const second = model();
    second.arena.names.forEach((name, index) => {
      second.arena.parameter(name).set(parameters[index]!);
    });
    second.optimizer.restore(parseSafetensors(file).tensors);
    expect(second.optimizer.steps).toBe(7);
    second.train(5);
    expect(second.numbers()).toEqual(straight.numbers());
    expect(formatSafetensors(second.optimizer.state())).toEqual(
      formatSafetensors(straight.optimizer.state()),
    );
  });

  it("has PyTorch's words", () => {
    const { optimizer, train } = model();
    train(3);
    const state = optimizer.state();
    expect([...state.keys()].sort()).toEqual([
      "dense.bias.exp_avg",
      "dense.bias.exp_avg_sq",
      "dense.weight.exp_avg",
      "dense.weight.exp_avg_sq",
      "step",
    ]);
    expect(state.get("step")).toEqual({ dtype: "int64", shape: [], data: BigInt64Array.of(3n) });
    expect(state.get("dense.weight.exp_avg")?.shape).toEqual([9, 5]);
  });

  const vector = (...shape: number[]): Tensor => ({
    ...{ dtype: "float32", shape, data: new Float32Array(shape.reduce((size, axis) => size * axis, 1)) },
  });
  it.each<[string, (state: Map<string, Tensor>) => unknown, string]>([
    ["without a step", (state) => state.delete("step"), "step is not one int64 number"],
    ["with half a step", (state) => state.set("step", vector()), "step is not one int64 number"],
    [
      "without a moment",
      (state) => state.delete("dense.bias.exp_avg_sq"),
      "dense.bias.exp_avg_sq is missing",
    ],
    [
      "of another shape",
      (state) => state.set("dense.weight.exp_avg", vector(5, 9)),
      "dense.weight.exp_avg is float32 [5,9], wanted float32 [9,5]",
    ],
    [
      "of more parameters",
      (state) => state.set("frozen.weight.exp_avg", vector(3)),
      "frozen.weight.exp_avg belongs to no parameter that trains",
    ],
  ])("%s is refused, and nothing changes", (_, spoil, message) => {
    const { optimizer, train } = model();
    train(2);
    const before = formatSafetensors(optimizer.state());
    const other = model();
    other.train(4);
    const state = new Map(parseSafetensors(formatSafetensors(other.optimizer.state())).tensors);
    spoil(state);
    const restore = () => optimizer.restore(state);
    expect(restore).toThrow(expect.objectContaining({ code: "invalid_data" }));
    expect(restore).toThrow(message);
    expect(formatSafetensors(optimizer.state())).toEqual(before);
  });
});

describe("a step", () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "with a gradient of %d is told and not taken",
    (bad) => {
      const { arena, optimizer, train, numbers } = model();
      train(2);
      const before = [numbers(), formatSafetensors(optimizer.state())];
      arena.gradient("dense.bias")[4] = bad;
      expect(Number.isFinite(optimizer.step({ learningRate: 0.1, clip: 1 }))).toBe(false);
      expect([numbers(), formatSafetensors(optimizer.state())]).toEqual(before);
      train(1);
      expect(optimizer.steps).toBe(3);
      expect(numbers().every((array) => array.every(Number.isFinite))).toBe(true);
    },
  );

  it("leaves what is frozen as it is", () => {
    const { arena, train } = model();
    const before = arena.parameter("frozen.weight").slice();
    train(3);
    expect(arena.parameter("frozen.weight")).toEqual(before);
  });

  it("shortens a gradient that is longer than the clip, and no other", () => {
    const { arena, optimizer } = model();
    arena.gradient("dense.bias").set([3, 0, 0, 0, 4]);
    expect(optimizer.step({ learningRate: 0, clip: 10 })).toBe(5);
    expect([...arena.gradient("dense.bias")]).toEqual([3, 0, 0, 0, 4]);
    expect(optimizer.step({ learningRate: 0, clip: 1 })).toBe(5);
    expect(arena.gradientNorm()).toBeCloseTo(1, 6);
    // PyTorch adds 1e-6 to the norm, which shows when the norm is as short: a fifth becomes a sixth.
    arena.scaleGradients(5e-6);
    expect(optimizer.step({ learningRate: 0, clip: 1e-6 }) / 5e-6).toBeCloseTo(1, 6);
    expect(arena.gradientNorm() / (5e-6 / 6)).toBeCloseTo(1, 6);
  });

  it("decays without a gradient exactly what should: θ (1 - rate · decay)", () => {
    const { arena, optimizer } = model({ weightDecay: 0.5, learningRateScale: () => 0.5 });
    const [weight, bias] = ["dense.weight", "dense.bias"].map((name) => arena.parameter(name).slice());
    optimizer.step({ learningRate: 0.5 });
    expect(arena.parameter("dense.weight")).toEqual(weight!.map((value) => value * 0.875));
    expect(arena.parameter("dense.bias")).toEqual(bias);
  });
});

it.each([
  ["embeddings.word_embeddings.weight", true],
  ["encoder.layer.0.attention.self.query.weight", true],
  ["encoder.layer.0.attention.self.query.bias", false],
  ["encoder.layer.0.attention.output.LayerNorm.weight", false],
  ["embeddings.LayerNorm.bias", false],
  ["layer_norm1.weight", false],
  ["normal.dense.weight", true],
  ["in_proj_bias", false],
  ["bias", false],
])("decays %s by default: %s", (name, decays) => {
  expect(decaysByDefault(name)).toBe(decays);
});

it.each<[string, () => unknown, string]>([
  ["betas", () => model({ betas: [0.9, 1] }), "betas are 0.9, 1; wanted numbers from 0 to below 1"],
  ["eps", () => model({ eps: -1 }), "eps is -1; wanted a finite number from 0"],
  ["a decay", () => model({ weightDecay: Number.NaN }), "weightDecay is NaN"],
  ["a learning rate", () => model().optimizer.step({ learningRate: Number.NaN }), "the learning rate is NaN"],
  [
    "a clip",
    () => model().optimizer.step({ learningRate: 1, clip: 0 }),
    "clip is 0; wanted a number above 0",
  ],
])("refuses %s out of range", (_, act, message) => {
  expect(act).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  expect(act).toThrow(message);
});
