/** Losses against PyTorch (test/golden/make_losses.py) and the published test vector. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
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
import { expectClose } from "../../support/close.js";
import { matrix, unitMatrix } from "./random-batch.js";

interface Described {
  readonly name: string;
  readonly options: never;
}

interface Case {
  readonly batch: {
    readonly queries: number[][];
    readonly keys: number[][];
    readonly starts: number[];
    readonly teacher: number[];
    readonly ignored?: number[];
  };
  readonly losses: {
    readonly loss: Described;
    readonly value: number;
    readonly queryGradient: number[];
    readonly keyGradient: number[];
  }[];
}

const cases: Record<string, Case> = JSON.parse(
  readFileSync(new URL("../../golden/losses.json", import.meta.url), "utf8"),
);

const makers: Readonly<Record<string, (options: never) => Loss>> = {
  contrastive,
  distillation,
  stabilised,
  marginMse,
  weighted: ({ parts }: { parts: { loss: Described; weight: number }[] }) =>
    weighted(parts.map(({ loss, weight }) => ({ loss: make(loss), weight }))),
  matryoshka: ({ loss, parts }: { loss: Described; parts: { dimensions: number; weight: number }[] }) =>
    matryoshka(make(loss), parts),
};

function make({ name, options }: Described): Loss {
  return makers[name]!(options);
}

/**
 * Gradients leave as float32: 6e-8 of the value. The inner embeddings of `matryoshka` are float32 too, an error of 6e-8
 * that the temperature magnifies, here up to 100 times.
 */
const tolerance = (name: string): number => (name === "matryoshka" ? 2e-5 : 2e-7);

describe.each(Object.entries(cases))("%s", (_, { batch: rows, losses }) => {
  const batch: LossBatch = {
    queries: matrix(rows.queries),
    keys: matrix(rows.keys),
    starts: Int32Array.from(rows.starts),
    teacherScores: Float32Array.from(rows.teacher),
    ...(rows.ignored && { ignored: Uint8Array.from(rows.ignored) }),
  };
  it.each(losses.map((wanted) => [JSON.stringify(wanted.loss), wanted] as const))("%s", (_, wanted) => {
    const got = make(wanted.loss)(batch);
    const allowed = tolerance(wanted.loss.name);
    expectClose([got.value], [wanted.value], allowed);
    expectClose(got.queryGradient, wanted.queryGradient, allowed);
    expectClose(got.keyGradient, wanted.keyGradient, allowed);
  });
});

describe("the test vector", () => {
  const batch: LossBatch = {
    queries: unitMatrix([
      [1, 0.5, 0, 0],
      [0, 1, 0.5, 0.2],
    ]),
    keys: unitMatrix([
      [1, 0.4, 0.1, 0],
      [0.8, 0.6, 0, 0.1],
      [0.7, 0.7, 0.2, 0],
      [0.1, 1, 0.4, 0.2],
      [0, 0.9, 0.6, 0],
      [0.3, 0.8, 0.5, 0.1],
    ]),
    starts: Int32Array.of(0, 3, 6),
    teacherScores: Float32Array.of(-1, -0.5, -2, -2, -2.1, -3),
  };
  const temperature = 0.01;
  it.each([
    ["contrastive", contrastive({ temperature }), 0.2166727639],
    ["stabilised, reference", stabilised({ temperature, alpha: 1, order: "reference" }), 0.0942456104],
    ["stabilised, reward", stabilised({ temperature, alpha: 1, order: "reward" }), 0.481180483],
    [
      "distillation",
      distillation({ temperature, teacherTemperature: 0.1, studentTemperature: 1 }),
      0.7770583391,
    ],
  ])("%s", (_, loss, wanted) => {
    // The vector is of float64 embeddings: as float32 each score moves by up to 6e-8 / temperature.
    expect(Math.abs(loss(batch).value - wanted)).toBeLessThan(2e-6);
  });
});
