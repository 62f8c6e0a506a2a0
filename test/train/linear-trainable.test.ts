/** The linear adapter: its value and its gradient, through the normalisation, against PyTorch and by differences. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRandom, normal } from "#src/std/index.js";
import { createLinearTrainable } from "#src/train/linear-trainable.js";
import type { Matrix } from "#src/train/matrix.js";
import { expectClose } from "../support/close.ts";

type Numbers = readonly number[];
interface Golden {
  readonly rows: number;
  readonly width: number;
  readonly given: Readonly<Record<"weight" | "bias" | "q" | "cotangent", Numbers>>;
  readonly normalized: Readonly<Record<"y" | "weight" | "bias", Numbers>>;
  readonly plain: Golden["normalized"];
}
const golden: Golden = JSON.parse(
  readFileSync(new URL("../golden/linear-adapter.json", import.meta.url), "utf8"),
);
const { rows: count, width, given } = golden;
const pass = { seed: 1, number: 0 };

/** Row i of the queries is asked for by the token row [i]. */
const ids = Array.from({ length: count }, (_, row) => Int32Array.of(row));
const q = matrix(given.q);
const embed = async (rows: readonly Int32Array[]): Promise<Matrix> => {
  const picked = rows.flatMap(([row = 0]) => [...q.data.subarray(row * width, (row + 1) * width)]);
  return { rows: rows.length, columns: width, data: Float32Array.from(picked) };
};

function matrix(values: Numbers): Matrix {
  return { rows: values.length / width, columns: width, data: Float32Array.from(values) };
}

function adapter(normalize: boolean) {
  const trainable = createLinearTrainable({ embed, dimensions: width, normalize });
  trainable.arena.parameter("weight").set(given.weight);
  trainable.arena.parameter("bias").set(given.bias);
  return trainable;
}

describe("the linear adapter", () => {
  it("is the identity at first", async () => {
    const fresh = createLinearTrainable({ embed, dimensions: width, normalize: true });
    expectClose((await fresh.embed(ids, pass)).data, q.data, 1e-7);
  });

  it.each(["normalized", "plain"] as const)("follows PyTorch, %s", async (form) => {
    const trainable = adapter(form === "normalized");
    expectClose((await trainable.embed(ids, pass)).data, golden[form].y, 2e-7);
    await trainable.backward(ids, matrix(given.cotangent), pass);
    expectClose(trainable.arena.gradient("weight"), golden[form].weight, 2e-6);
    expectClose(trainable.arena.gradient("bias"), golden[form].bias, 2e-6);
  });

  it("has the slope that differences measure", async () => {
    const trainable = adapter(true);
    const { arena } = trainable;
    const cotangent = matrix(given.cotangent);
    await trainable.backward(ids, cotangent, pass);
    const loss = async (): Promise<number> => {
      const { data } = await trainable.embed(ids, pass);
      return data.reduce((sum, value, at) => sum + value * (cotangent.data[at] ?? 0), 0);
    };
    const random = createRandom(3);
    for (const name of ["weight", "bias"]) {
      const parameter = arena.parameter(name);
      const start = parameter.slice();
      const direction = start.map(() => normal(random));
      const at = (step: number): Promise<number> => {
        parameter.set(start.map((value, index) => value + step * (direction[index] ?? 0)));
        return loss();
      };
      const slope = ((await at(1e-3)) - (await at(-1e-3))) / 2e-3;
      parameter.set(start);
      const dot = arena
        .gradient(name)
        .reduce((sum, value, index) => sum + value * (direction[index] ?? 0), 0);
      // float32 results move the difference by about 1e-7 / 1e-3
      expectClose([slope], [dot], 2e-3);
    }
  });

  it("leaves what does not train", async () => {
    const trains = (name: string): boolean => name === "weight";
    const trainable = createLinearTrainable({ embed, dimensions: width, normalize: true, trains });
    trainable.arena.parameter("weight").set(given.weight);
    trainable.arena.parameter("bias").set(given.bias);
    await trainable.backward(ids, matrix(given.cotangent), pass);
    expect(trainable.arena.trainable).toEqual(["weight"]);
    expectClose(trainable.arena.gradient("weight"), golden.normalized.weight, 2e-6);
  });

  it("adds up the gradients of calls, and reads only the rows that it is given", async () => {
    const [whole, parts] = [adapter(true), adapter(true)];
    await whole.backward(ids, matrix(given.cotangent), pass);
    for (const [row, id] of ids.entries()) {
      const cotangent = matrix(given.cotangent.slice(row * width, (row + 1) * width));
      await parts.backward([id], cotangent, pass);
    }
    expect(parts.arena.gradient("weight")).toEqual(whole.arena.gradient("weight"));
  });
});
