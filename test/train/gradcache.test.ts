/**
 * Gradients of a whole batch, chunk by chunk with the loss between two passes, against torch.autograd of encoder and loss
 * as one computation (test/golden/make_training.py), against other chunks, and by differences.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRandom, normal } from "#src/std/index.js";
import { parseSafetensors, toFloat32 } from "#src/tensor/index.js";
import { contrastive, type Trainable, type TrainableOptions } from "#src/train/index.js";
import { accumulateBatch, type BatchLoss, type TrainingItem } from "#src/train/step.js";
import { goldenFolder } from "../encoder/golden.ts";
import { relativeError } from "../support/close.ts";
import { idsOf, openTiny, type TinyName } from "./tiny.ts";

/**
 * Of |got - want| / |want| over a parameter's gradient. Embeddings and their gradients are float32: each is one rounding
 * (6e-8) at a temperature of 0.05, which multiplies errors of scores by 20 on their way into the softmax. Seen: 6e-6.
 */
const tolerance = 3e-5;
/** Between two cuts into chunks the same terms are summed in another order, and padded to other widths. Seen: 4e-6. */
const chunkTolerance = 2e-5;

interface GoldenGroup {
  readonly task: string;
  readonly query: string;
  readonly keys: readonly string[];
}

const noPass = { seed: 1, number: 0 };

function readBatch(name: TinyName): readonly GoldenGroup[] {
  return JSON.parse(readFileSync(join(goldenFolder, name, "training.json"), "utf8"));
}

function itemsOf(
  batch: readonly GoldenGroup[],
  temperatures: Readonly<Record<string, number>>,
): TrainingItem[] {
  const losses = Object.entries(temperatures).map(
    ([task, temperature]) => [task, contrastive({ temperature })] as const,
  );
  return batch.map(({ task, query, keys }) => ({
    task,
    loss: new Map(losses).get(task) ?? contrastive({ temperature: 0.05 }),
    group: { query, keys, positives: [] },
  }));
}

const contextOf = (trainable: Trainable) => ({ trainable, tokenize: idsOf, maskFalseNegatives: false });

/** Loss and gradients of the parts of a batch, each weighing as much. */
async function gradientsOf(
  parts: readonly (readonly TrainingItem[])[],
  { name, pass = noPass, ...options }: Partial<TrainableOptions> & { name: TinyName; pass?: typeof noPass },
): Promise<{ results: BatchLoss[]; gradients: ReadonlyMap<string, Float32Array> }> {
  await using trainable = await openTiny(name, options);
  const { arena } = trainable;
  arena.zeroGradients();
  const results: BatchLoss[] = [];
  for (const part of parts) {
    results.push(await accumulateBatch(part, contextOf(trainable), pass, 1 / parts.length));
  }
  return { results, gradients: new Map(arena.trainable.map((key) => [key, arena.gradient(key).slice()])) };
}

/** The bias of the keys has no gradient but rounding: softmax does not mind a number added to a row. */
const hasGradient = (name: string): boolean => !name.endsWith("self.key.bias");

function expectGradients(
  got: ReadonlyMap<string, Float32Array>,
  want: ReadonlyMap<string, Float32Array>,
  limit: number,
): void {
  expect([...got.keys()].sort()).toEqual([...want.keys()].sort());
  const errors = [...want]
    .filter(([name]) => hasGradient(name))
    .map(([name, values]) => [name, relativeError(got.get(name) ?? [], values)] as const);
  expect(errors.filter(([, error]) => !(error <= limit))).toEqual([]);
}

function readGolden(name: TinyName, which: string): { loss: number; gradients: Map<string, Float32Array> } {
  const { tensors } = parseSafetensors(readFileSync(join(goldenFolder, name, "training.safetensors")));
  const named = [...tensors].filter(([key]) => key.startsWith(`${which}/`));
  const values = named.map(([key, tensor]) => [key.slice(which.length + 1), toFloat32(tensor)] as const);
  return { loss: Number(tensors.get(`loss/${which}`)?.data[0]), gradients: new Map(values) };
}

describe.each(["tiny-bert", "tiny-roberta"] as const)("%s", (name) => {
  it.each([
    ["one chunk", { chunkTokens: 10_000 }],
    ["chunks of a few rows", { chunkTokens: 40 }],
    ["a chunk a row", { chunkTokens: 1 }],
    ["activations kept", { chunkTokens: 40, keepActivations: true }],
  ])("has the gradients of PyTorch by every parameter: %s", async (_, options) => {
    const { loss, gradients: wanted } = readGolden(name, "contrastive");
    const { results, gradients } = await gradientsOf([itemsOf(readBatch(name), {})], { name, ...options });
    expect(results[0]?.loss).toBeCloseTo(loss, 5);
    expectGradients(gradients, wanted, tolerance);
  });

  it("has those of two tasks, accumulated over two batches", async () => {
    const { loss, gradients: wanted } = readGolden(name, "mixed");
    const items = itemsOf(readBatch(name), { a: 0.05, b: 0.2 });
    const half = items.length / 2;
    const parts = [items.slice(0, half), items.slice(half)];
    const { results, gradients } = await gradientsOf(parts, { name, chunkTokens: 40 });
    expect((results[0]!.loss + results[1]!.loss) / 2).toBeCloseTo(loss, 5);
    for (const { loss: whole, losses } of results) {
      const counts = { a: 0, b: 0 } as Record<string, number>;
      const part = results[0]!.losses === losses ? parts[0]! : parts[1]!;
      for (const { task } of part) counts[task] = (counts[task] ?? 0) + 1;
      const mean = (losses["a"]! * counts["a"]! + losses["b"]! * counts["b"]!) / half;
      expect(mean).toBeCloseTo(whole, 6);
    }
    expectGradients(gradients, wanted, tolerance);
  });

  it("does not depend on the chunks", async () => {
    const items = itemsOf(readBatch(name), {});
    const whole = await gradientsOf([items], { name, chunkTokens: 10_000 });
    const cut = await gradientsOf([items], { name, chunkTokens: 30 });
    expect(cut.results[0]?.loss).toBeCloseTo(whole.results[0]!.loss, 5);
    expect(cut.results[0]?.tokens).toBe(whole.results[0]?.tokens);
    expectGradients(cut.gradients, whole.gradients, chunkTolerance);
  });
});

describe("with dropout", () => {
  const name = "tiny-bert";
  const options = { name, dropout: 0.2, chunkTokens: 40 } as const;
  const items = itemsOf(readBatch(name), {});

  it("drops the same in both passes: the gradient is that of the loss by differences", async () => {
    const pass = { seed: 3, number: 5 };
    const { gradients } = await gradientsOf([items], { ...options, pass });
    await using trainable = await openTiny(name, options);
    const { arena } = trainable;
    const random = createRandom(4);
    const direction = new Map(
      arena.trainable.map((key) => [key, arena.parameter(key).map(() => normal(random))]),
    );
    const move = (by: number): void => {
      for (const [key, values] of direction) {
        const parameter = arena.parameter(key);
        for (const [at, value] of values.entries()) parameter[at] = parameter[at]! + by * value;
      }
    };
    const lossAt = async (by: number): Promise<number> => {
      move(by);
      const { loss } = await accumulateBatch(items, contextOf(trainable), pass);
      move(-by);
      return loss;
    };
    const step = 3e-4;
    const slope = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
    let product = 0;
    for (const [key, values] of direction) {
      for (const [at, value] of values.entries()) product += value * gradients.get(key)![at]!;
    }
    // What differences lose to truncation and rounding; seen: 5e-5.
    expect(Math.abs(slope - product) / Math.abs(product)).toBeLessThan(2e-3);
  });

  it("has the same gradient when activations are kept", async () => {
    const pass = { seed: 3, number: 5 };
    const again = await gradientsOf([items, items], { ...options, pass });
    const kept = await gradientsOf([items, items], { ...options, pass, keepActivations: true });
    expectGradients(kept.gradients, again.gradients, chunkTolerance);
  });

  it("gives the same bits for the same pass, others for another", async () => {
    const first = await gradientsOf([items], options);
    const again = await gradientsOf([items], options);
    const other = await gradientsOf([items], { ...options, pass: { seed: 1, number: 1 } });
    expect(again).toEqual(first);
    expect(other.results[0]?.loss).not.toBe(first.results[0]?.loss);
  });
});

it("encodes a text that occurs twice once", async () => {
  const twice = itemsOf([{ task: "a", query: "5 6 7", keys: ["8 9", "8 9", "5 6 7"] }], {});
  const { results } = await gradientsOf([twice], { name: "tiny-bert" });
  expect(results[0]?.tokens).toBe(3 + 2 + 3); // the query once as query, once as key
});
