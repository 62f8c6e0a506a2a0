/** Every gradient against central differences of its own value, on random batches. */

import * as fc from "fast-check";
import { it } from "vitest";
import {
  contrastive,
  distillation,
  type Loss,
  type LossBatch,
  marginMse,
  matryoshka,
  stabilised,
  weighted,
} from "#src/train/losses/index.js";
import type { Matrix } from "#src/train/matrix.js";
import { expectClose } from "../../support/close.js";
import { randomBatch } from "./random-batch.js";

const temperature = 0.7;
const graded = stabilised({ temperature, alpha: 0.5, order: "reward" });

it.each<[string, Loss]>([
  ["contrastive", contrastive({ temperature })],
  ["contrastive, own keys", contrastive({ temperature, inBatch: false })],
  ["distillation", distillation({ temperature, teacherTemperature: 2, studentTemperature: 0.8 })],
  ["stabilised, reward", graded],
  ["stabilised, reference", stabilised({ temperature, alpha: 1, order: "reference" })],
  ["stabilised, own keys", stabilised({ temperature, alpha: 1, order: "reward", inBatch: false })],
  ["marginMse", marginMse({ temperature })],
  [
    "weighted",
    weighted([
      { loss: graded, weight: 2 },
      { loss: contrastive({ temperature }), weight: -0.5 },
    ]),
  ],
  [
    "matryoshka",
    matryoshka(graded, [
      { dimensions: 1, weight: 0.3 },
      { dimensions: 2, weight: 1 },
    ]),
  ],
])("%s", (_, loss) => {
  fc.assert(
    fc.property(randomBatch, (batch) => {
      const { queryGradient, keyGradient } = loss(batch);
      expectClose(queryGradient, slopes(loss, batch, "queries"), TOLERANCE);
      expectClose(keyGradient, slopes(loss, batch, "keys"), TOLERANCE);
    }),
    { numRuns: 30 },
  );
});

/** A power of two, so that float32 embeddings move by exactly this much. */
const STEP = 2 ** -10;
/** The third derivative of scores over 0.7 times STEP² / 6 (1.6e-7), and matryoshka's float32 rows: 6e-8 / STEP. */
const TOLERANCE = 3e-4;

function slopes(loss: Loss, batch: LossBatch, side: "queries" | "keys"): number[] {
  return Array.from(batch[side].data, (_, at) => {
    const above = loss({ ...batch, [side]: moved(batch[side], at, STEP) }).value;
    const below = loss({ ...batch, [side]: moved(batch[side], at, -STEP) }).value;
    return (above - below) / (2 * STEP);
  });
}

function moved(matrix: Matrix, at: number, by: number): Matrix {
  return { ...matrix, data: matrix.data.map((number, index) => (index === at ? number + by : number)) };
}
