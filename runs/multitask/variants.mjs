/** What is compared: the base, the run, its ablations and its average with the base; how each is made, once. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { mergeModels } from "#src/encoder/index.js";
import { train } from "#src/train/index.js";
import { tell } from "./tell.mjs";

/**
 * By name: what the tables call it, the instructions that it is asked with, and what its training has otherwise than
 * the run. Ablations have the same rows, steps and seed.
 */
export const variants = {
  base: { title: "base", instructions: "none" },
  "base-instructed": { title: "base, instructed", instructions: "llm-embedder" },
  full: { title: "trained", instructions: "llm-embedder", training: {} },
  merged: { title: "trained + base", instructions: "llm-embedder", share: 0.5 },
  "no-instructions": {
    title: "without instructions",
    instructions: "none",
    training: { instructions: "none" },
  },
  mixed: {
    title: "without homogeneous batches",
    instructions: "llm-embedder",
    training: { batches: "off" },
  },
};

/**
 * Why these numbers: about a million tokens in 210 updates want a learning rate above the usual 2e-5 for this size, and
 * the temperature that the base was trained with (0.05) keeps its space; LOG.md has the trials. Texts are cut where nine
 * in ten queries end and where half of the long passages do. Rows have no scores of a language model, so every task
 * trains contrastively; of several positives one is drawn.
 */
export const recipe = {
  steps: 210,
  batchSize: 32,
  groupSize: 2,
  learningRate: 1e-4,
  warmup: 0.1,
  temperature: 0.05,
  maxTokens: { query: 64, document: 128 },
  instructions: "llm-embedder",
  settings: "contrastive",
  tasks: Object.fromEntries(
    ["qa", "convsearch", "chat", "tool"].map((task) => [task, { positive: "random" }]),
  ),
  batches: "epoch",
  saveSteps: 70,
  seed: 42,
};

/** The folder of a variant's model, made where it is not there. */
export async function makeModel(name, { base, work, data, settings }) {
  const { training, share } = variants[name];
  const config = { ...recipe, ...settings };
  const { steps, batchSize, learningRate, temperature } = config;
  const folderOf = (variant) =>
    join(work, "models", `${variant}-${steps}x${batchSize}-${learningRate}-${temperature}`);
  if (training !== undefined) {
    const out = folderOf(name);
    const report = await train(
      { ...config, ...training, data, base, out },
      { resume: true, offline: true, onNotice: tell, onStep: stepsOf(name) },
    );
    tell(
      `${name}: ${report.steps} steps in ${Math.round(report.seconds)} s, last losses ${report.loss.toFixed(3)}`,
    );
    return out;
  }
  if (share === undefined) return base;
  const tuned = await makeModel("full", { base, work, data, settings });
  const out = folderOf(name);
  if (!existsSync(out)) {
    await mergeModels({
      models: [
        { model: tuned, weight: share },
        { model: base, weight: 1 - share },
      ],
      out,
    });
  }
  return out;
}

function stepsOf(name) {
  let tokens = 0;
  let seconds = 0;
  return (entry, steps) => {
    tokens += entry.tokens;
    seconds += entry.seconds;
    if (entry.step % 10 !== 0 && entry.step !== steps) return;
    const left = Math.round((seconds / entry.step) * (steps - entry.step));
    const speed = Math.round(tokens / seconds);
    tell(
      `${name}: step ${entry.step}/${steps}, loss ${entry.loss.toFixed(3)}, ${speed} tokens/s, ${left} s left`,
    );
  };
}
