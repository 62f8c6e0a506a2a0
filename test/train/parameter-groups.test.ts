import { expect, it } from "vitest";
import { resolveConfig } from "#src/train/index.js";
import { optimizerOptions, trainedBy } from "#src/train/parameter-groups.js";

const required = { data: ["rows.jsonl"], base: "mini", out: "out" };
const words = "embeddings.word_embeddings.weight";
const query = "encoder.layer.0.attention.self.query.weight";
const norm = "encoder.layer.0.output.LayerNorm.weight";

it("trains every parameter at one rate, and decays matrices, where nothing else is said", () => {
  const config = resolveConfig(required);
  const { decays, learningRateScale, weightDecay } = optimizerOptions(config);
  for (const name of [words, query, norm]) expect(trainedBy(config)(name)).toBe(true);
  expect([words, query, norm].map((name) => decays?.(name))).toEqual([true, true, false]);
  expect(learningRateScale?.(query)).toBe(1);
  expect(weightDecay).toBe(0.01);
});

it("freezes, slows down and keeps from decay what the first group that fits says", () => {
  const config = resolveConfig({
    ...required,
    parameterGroups: [
      { match: "embeddings.", frozen: true },
      { match: "layer.0.", learningRate: 0.5, decay: false },
      { match: "attention", learningRate: 9 },
    ],
  });
  const { decays, learningRateScale } = optimizerOptions(config);
  expect([words, query].map(trainedBy(config))).toEqual([false, true]);
  expect(learningRateScale?.(query)).toBe(0.5);
  expect(decays?.(query)).toBe(false);
});

it("trains the adapters alone where there are some", () => {
  const config = resolveConfig({ ...required, lora: { rank: 4, alpha: 8, targets: ["query"] } });
  expect([query, `${query}.lora_A`, `${query}.lora_B`].map(trainedBy(config))).toEqual([false, true, true]);
});
