/** Twenty steps of training, as PyTorch takes them (test/golden/make_training.py): the whole chain of a step, no dropout. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { contrastive, createAdamW, createSchedule } from "#src/train/index.js";
import { accumulateBatch, type TrainingItem } from "#src/train/step.js";
import { goldenFolder } from "../encoder/golden.ts";
import { idsOf, openTiny } from "./tiny.ts";

interface Curve {
  readonly settings: {
    readonly learningRate: number;
    readonly weightDecay: number;
    readonly warmupSteps: number;
    readonly clip: number;
    readonly temperature: number;
  };
  /** Batches, which come in turn. */
  readonly pool: readonly (readonly { task: string; query: string; keys: readonly string[] }[])[];
  readonly losses: readonly number[];
  /** Of the gradients, before clipping. */
  readonly norms: readonly number[];
}

it("follows the loss curve of PyTorch", async () => {
  const golden: Curve = JSON.parse(readFileSync(join(goldenFolder, "training-curve.json"), "utf8"));
  const { learningRate, weightDecay, warmupSteps, clip, temperature } = golden.settings;
  const steps = golden.losses.length;
  const factorAt = createSchedule({ schedule: "linear", warmupSteps, steps });
  const loss = contrastive({ temperature });
  await using trainable = await openTiny("tiny-bert", { chunkTokens: 60 });
  const optimizer = createAdamW(trainable.arena, { weightDecay });

  const seen: { loss: number; norm: number }[] = [];
  for (let step = 0; step < steps; step++) {
    const groups = golden.pool[step % golden.pool.length] ?? [];
    const items = groups.map(({ task, query, keys }): TrainingItem => {
      return { task, loss, group: { query, keys, positives: [] } };
    });
    trainable.arena.zeroGradients();
    const context = { trainable, tokenize: idsOf, maskFalseNegatives: false };
    const result = await accumulateBatch(items, context, { seed: 1, number: step });
    const norm = optimizer.step({ learningRate: learningRate * factorAt(step), clip });
    seen.push({ loss: result.loss, norm });
  }
  const apart = seen.map(({ loss: value }, step) => Math.abs(value - (golden.losses[step] ?? Number.NaN)));
  expect(Math.max(...apart)).toBeLessThan(1e-3);
  const normsApart = seen.map(({ norm }, step) => Math.abs(norm / (golden.norms[step] ?? Number.NaN) - 1));
  expect(Math.max(...normsApart)).toBeLessThan(1e-3);
  expect(seen.at(-1)?.loss).toBeLessThan(0.7 * (seen[0]?.loss ?? 0));
});
