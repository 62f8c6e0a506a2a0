/** False negatives by text, and batches of several tasks. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  contrastive,
  distillation,
  falseNegatives,
  stabilised,
  taskBatch,
  weightedSum,
} from "#src/train/losses/index.js";
import { expectClose } from "../../support/close.js";
import { flatten, matrix, randomBatch, range, startsOf } from "./random-batch.js";

describe("falseNegatives", () => {
  it("finds the same text, listed positives, and positives of the same query", () => {
    const ignored = falseNegatives({
      starts: startsOf([2, 2, 1, 1]),
      queries: ["capital of France", "capital of Italy", "capital of France", "capital of Peru"],
      keys: ["Paris", "Rome", "Rome", "Paris", "It is Paris", "Lima", "Lutetia"],
      positives: [["Paris", "Lutetia"], ["Rome"], ["It is Paris"], ["Lima"]],
    });
    expect(range(0, 4).map((query) => [...ignored.subarray(7 * query, 7 * query + 7)])).toEqual([
      [0, 0, 0, 1, 1, 0, 1], // Paris of another query, the positive of the same query, a listed one of nobody
      [0, 1, 0, 0, 0, 0, 0], // Rome of another query
      [1, 0, 0, 1, 0, 0, 1], // as the first, and its own key stays
      [0, 0, 0, 0, 0, 0, 0],
    ]);
  });

  it("is its definition, key by key", () => {
    const word: fc.Arbitrary<string> = fc.constantFrom("a", "b", "c", "d", "e");
    const texts = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 5 }).chain((sizes) => {
      const list = (length: number) => fc.array(word, { minLength: length, maxLength: length });
      return fc.record({
        starts: fc.constant(startsOf(sizes)),
        queries: list(sizes.length),
        keys: list(sizes.reduce((a, b) => a + b) + 2),
        positives: fc.array(fc.array(word, { maxLength: 2 }), {
          minLength: sizes.length,
          maxLength: sizes.length,
        }),
      });
    });
    fc.assert(
      fc.property(texts, ({ starts, queries, keys, positives }) => {
        const isPositive = (text: string, query: number): boolean =>
          positives[query]!.includes(text) || keys[starts[query]!] === text;
        const want = queries.flatMap((text, query) =>
          keys.map((key, at) => {
            const own = at >= starts[query]! && at < starts[query + 1]!;
            return Number(!own && queries.some((other, number) => other === text && isPositive(key, number)));
          }),
        );
        expect([...falseNegatives({ starts, queries, keys, positives })]).toEqual(want);
      }),
    );
  });

  it("refuses lists of different lengths", () => {
    const texts = { starts: startsOf([1]), queries: ["q"], keys: ["k"], positives: [] };
    expect(() => falseNegatives(texts)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});

describe("taskBatch", () => {
  const temperature = 0.5;
  it.each([
    ["contrastive", contrastive({ temperature })],
    ["stabilised", stabilised({ temperature, alpha: 1, order: "reward" })],
  ])("%s of a batch is the sum of its parts", (_, loss) => {
    fc.assert(
      fc.property(randomBatch, fc.integer({ min: 0, max: 15 }), (batch, mask) => {
        const queries = range(0, batch.queries.rows);
        const tasks = [1, 0].map((bit) => queries.filter((query) => ((mask >> query) & 1) === bit));
        const parts = tasks
          .filter((chosen) => chosen.length > 0)
          .map((chosen) => {
            const task = taskBatch(batch, chosen.reverse());
            return { result: task.expand(loss(task.batch)), weight: chosen.length / queries.length };
          });
        expectClose(flatten(weightedSum(parts)), flatten(loss(batch)), 1e-6);
      }),
    );
  });

  it("gives gradients to the chosen queries and to all keys", () => {
    const batch = {
      queries: matrix([[1], [2], [3]]),
      keys: matrix([[10], [20], [30], [40]]),
      starts: startsOf([1, 2, 1]),
      teacherScores: Float32Array.of(1, 2, 3, 4),
    };
    const task = taskBatch(batch, [1]);
    expect(task.batch.keys.data).toEqual(Float32Array.of(20, 30, 10, 40));
    expect(task.batch.starts).toEqual(Int32Array.of(0, 2));
    expect(task.batch.teacherScores).toEqual(Float32Array.of(2, 3, 1, 4));
    const expanded = task.expand({
      value: 7,
      queryGradient: Float32Array.of(5),
      keyGradient: Float32Array.of(1, 2, 3, 4),
    });
    expect(expanded).toEqual({
      value: 7,
      queryGradient: Float32Array.of(0, 5, 0),
      keyGradient: Float32Array.of(3, 1, 2, 4),
    });
  });

  it("lets a task without teacher scores stand beside one that has them", () => {
    const batch = {
      queries: matrix([[1], [2]]),
      keys: matrix([[1], [2], [3]]),
      starts: startsOf([2, 1]),
      teacherScores: Float32Array.of(1, 2, Number.NaN),
    };
    const loss = distillation({ temperature, teacherTemperature: 1, studentTemperature: 1 });
    expect(loss(taskBatch(batch, [0]).batch).value).toBeGreaterThan(0);
    expect(() => loss(batch)).toThrow(/query 1/);
  });

  it("refuses a query that is not there", () => {
    const batch = { queries: matrix([[1]]), keys: matrix([[1]]), starts: startsOf([1]) };
    for (const wrong of [-1, 1, 0.5]) {
      expect(() => taskBatch(batch, [wrong])).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    }
  });
});
