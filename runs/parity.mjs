/**
 * Twenty steps of training all-MiniLM-L6-v2 on real questions, to be taken by PyTorch as well (runs/parity.py).
 *
 *     node runs/parity.mjs OUT.json && python runs/parity.py OUT.json
 *
 * Writes the batches as token ids, the settings, and the loss and gradient norm of each step. Weights from
 * $RETRIEVE_MODELS, questions from knowledge/squad_nqg in $RETRIEVE_DATA (default ../shared/data).
 */

import { writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { readBenchmark } from "#src/dataset/index.js";
import { openModelFolder, readFloat32 } from "#src/encoder/index.js";
import { contrastive, createAdamW, createSchedule, openTrainable } from "#src/train/index.js";
import { accumulateBatch } from "#src/train/step.js";

const out = process.argv[2];
if (out === undefined) throw new Error("usage: node runs/parity.mjs OUT.json");
const models = process.env.RETRIEVE_MODELS ?? join(homedir(), ".cache/retrieve-anything/models");
const data = process.env.RETRIEVE_DATA ?? "../shared/data";

const settings = {
  model: join(models, "all-MiniLM-L6-v2"),
  steps: 20,
  batchSize: 8,
  groupSize: 3,
  maxTokens: 48,
  learningRate: 5e-5,
  warmupSteps: 4,
  weightDecay: 0.01,
  clip: 1,
  temperature: 0.05,
};

const folder = await openModelFolder(settings.model, { offline: true });
const { weights } = await readFloat32(folder);
const { corpus, queries, qrels } = await readBenchmark(join(data, "knowledge/squad_nqg"), { split: "dev" });
const ids = (text) => Array.from(folder.tokenizer.encode(text, settings.maxTokens).ids);
const texts = new Map(corpus.map(({ id, text }) => [id, text]));

/** Questions with their passage, and as negatives the passages before it: of the same article, and so hard. */
const groups = queries.slice(0, 4 * settings.batchSize).map(({ id, text }) => {
  const [gold] = qrels.get(id)?.keys() ?? [];
  const at = corpus.findIndex((document) => document.id === gold);
  const others = Array.from({ length: settings.groupSize - 1 }, (_, n) => corpus.at(at - n - 1));
  return { query: ids(text), keys: [texts.get(gold), ...others.map((other) => other.text)].map(ids) };
});
const pool = Array.from({ length: 4 }, (_, n) =>
  groups.slice(n * settings.batchSize, (n + 1) * settings.batchSize),
);

const trainable = await openTrainable({
  config: folder.config,
  pooling: "mean",
  normalize: true,
  weights,
});
const optimizer = createAdamW(trainable.arena, { weightDecay: settings.weightDecay });
const factorAt = createSchedule({
  schedule: "linear",
  warmupSteps: settings.warmupSteps,
  steps: settings.steps,
});
const loss = contrastive({ temperature: settings.temperature });
const context = {
  trainable,
  tokenize: (text) => Int32Array.from(JSON.parse(text)),
  maskFalseNegatives: false,
};

const log = [];
for (let step = 0; step < settings.steps; step++) {
  const items = pool[step % pool.length].map(({ query, keys }) => ({
    task: "qa",
    loss,
    group: { query: JSON.stringify(query), keys: keys.map((key) => JSON.stringify(key)), positives: [] },
  }));
  trainable.arena.zeroGradients();
  const result = await accumulateBatch(items, context, { seed: 1, number: step });
  const norm = optimizer.step({
    learningRate: settings.learningRate * factorAt(step),
    clip: settings.clip,
  });
  log.push({ loss: result.loss, norm });
  console.error(`step ${step + 1}: loss ${result.loss.toFixed(6)}, gradient ${norm.toFixed(4)}`);
}
await trainable.close();
writeFileSync(out, JSON.stringify({ settings, pool, log }));
