/** Low-rank adapters in the graph: their gradients by differences, and the same embeddings once they are merged. */

import { expect, it } from "vitest";
import { mergeAdapters } from "#src/encoder/index.js";
import { createRandom, normal } from "#src/std/index.js";
import { createTensor, type Tensor } from "#src/tensor/index.js";
import { contrastive, type Trainable } from "#src/train/index.js";
import { initialAdapters } from "#src/train/lora.js";
import { accumulateBatch } from "#src/train/step.js";
import { cosine } from "../encoder/golden.ts";
import { idsOf, openTiny, tinyWeights } from "./tiny.ts";

const pass = { seed: 1, number: 0 };
const lora = { rank: 4, scale: 2, adapts: (name: string) => /(query|output\.dense)\.weight$/.test(name) };
const texts = ["5 6 7 8", "9 10 11", "12 13 14 15 16", "17 18"];
const items = [0, 2].map((at) => ({
  task: "qa",
  loss: contrastive({ temperature: 0.05 }),
  group: { query: texts[at] ?? "", keys: [texts[at + 1] ?? "", "30 31"], positives: [] },
}));

/** tiny-bert with adapters that are far from their start. */
async function openAdapted(): Promise<Trainable> {
  const weights = await tinyWeights("tiny-bert");
  const adapters = initialAdapters(weights, lora, createRandom(1));
  const trainable = await openTiny("tiny-bert", { weights: new Map([...weights, ...adapters]), lora });
  const random = createRandom(2);
  for (const name of trainable.arena.trainable) {
    trainable.arena.parameter(name).set(trainable.arena.parameter(name).map(() => 0.2 * normal(random)));
  }
  return trainable;
}

it("begins as the base: A is random, B is 0", async () => {
  const weights = await tinyWeights("tiny-bert");
  const adapters = initialAdapters(weights, lora, createRandom(1));
  await using adapted = await openTiny("tiny-bert", { weights: new Map([...weights, ...adapters]), lora });
  await using base = await openTiny("tiny-bert");
  expect(adapted.arena.trainable.length).toBe(2 * 2 * 3); // A and B, two layers, query and both output.dense
  const rows = texts.map(idsOf);
  expect(await adapted.embed(rows, pass)).toEqual(await base.embed(rows, pass));
});

it("has the gradient of the loss by differences, for each A and each B", async () => {
  await using trainable = await openAdapted();
  const { arena } = trainable;
  const context = { trainable, tokenize: idsOf, maskFalseNegatives: false };
  arena.zeroGradients();
  await accumulateBatch(items, context, pass);
  for (const name of arena.trainable) {
    const [parameter, gradient] = [arena.parameter(name), arena.gradient(name)];
    const length = Math.hypot(...gradient);
    expect(length, name).toBeGreaterThan(0);
    const before = parameter.slice();
    const step = 1e-3;
    const lossAt = async (by: number): Promise<number> => {
      parameter.set(before.map((value, at) => value + (by * gradient[at]!) / length));
      return (
        await accumulateBatch(
          items,
          { ...context, trainable: { ...trainable, backward: async () => {} } },
          pass,
        )
      ).loss;
    };
    const slope = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
    parameter.set(before);
    expect(Math.abs(slope / length - 1), name).toBeLessThan(1e-2); // float32 losses lose most of it
  }
});

it("gives the embeddings of the adapted graph once merged, without adapters", async () => {
  await using adapted = await openAdapted();
  const { arena } = adapted;
  const present = arena.names.map((name): [string, Tensor] => [
    name,
    createTensor("float32", arena.shape(name), arena.parameter(name)),
  ]);
  const merged = mergeAdapters(new Map(present), lora);
  expect([...merged.keys()].filter((name) => name.includes("lora"))).toEqual([]);
  await using plain = await openTiny("tiny-bert", { weights: merged });
  await using base = await openTiny("tiny-bert");
  const rows = texts.map(idsOf);
  const [wanted, got, before] = [
    await adapted.embed(rows, pass),
    await plain.embed(rows, pass),
    await base.embed(rows, pass),
  ];
  for (const at of rows.keys()) {
    const vector = ({ data, columns }: typeof got): Float32Array =>
      data.slice(at * columns, (at + 1) * columns);
    expect(cosine(vector(got), vector(wanted))).toBeGreaterThan(0.999999);
    expect(cosine(vector(before), vector(wanted))).toBeLessThan(0.99);
  }
});
