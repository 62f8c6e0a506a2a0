/** What is compared: how each variant chooses its positive and what it learns; all else is equal. */

import { join } from "node:path";
import { train } from "#src/train/index.js";
import { progressOf, tell } from "../multitask/tell.mjs";

/** By name: its title and the settings of its task, by the temperature of the set. */
export const variants = {
  contrastive: {
    title: "contrastive only",
    settings: () => ({ positive: "first", losses: [{ kind: "contrastive" }] }),
  },
  top: {
    title: "contrastive, top-rewarded",
    settings: () => ({ positive: "teacher", losses: [{ kind: "contrastive" }] }),
  },
  plain: {
    title: "plain distillation",
    settings: (temperature) => ({
      positive: "teacher",
      losses: [{ kind: "distillation", teacherTemperature: temperature }],
    }),
  },
  stabilised: {
    title: "stabilised distillation",
    settings: (temperature) => ({
      positive: "teacher",
      losses: [{ kind: "stabilised", alpha: temperature, order: "reward" }],
    }),
  },
};

export const recipe = {
  steps: 120,
  batchSize: 32,
  groupSize: 8,
  learningRate: 5e-5,
  warmup: 0.1,
  temperature: 0.05,
  maxTokens: { query: 128, document: 128 },
  instructions: "llm-embedder",
  settings: "contrastive",
  saveSteps: 60,
  seed: 42,
};

/** Rows whose rewards are all the same teach none of the variants that look at them, so no variant has them. */
const minSpread = 1e-6;

/** The folder of a variant's model, trained where it is not there. */
export async function trainVariant(name, { set, base, work, settings, trainRows }) {
  const config = { ...recipe, ...settings };
  const { steps, batchSize, learningRate } = config;
  const out = join(work, set.name, `${name}-${steps}x${batchSize}-${learningRate}`);
  const own = { negative: "random", minSpread, ...variants[name].settings(set.temperature) };
  const onProgress = progressOf(`${set.name} ${name}`);
  const report = await train(
    { ...config, data: [trainRows], base, out, tasks: { [set.task]: own } },
    {
      ...{ resume: true, offline: true, onNotice: tell },
      onStep: ({ step }, total) => onProgress({ done: step, total, unit: "steps" }),
    },
  );
  tell(`${set.name} ${name}: ${report.steps} steps, last losses ${report.loss.toFixed(3)}`);
  return out;
}
