/** What must hold whatever the numbers. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  contrastive,
  distillation,
  type Loss,
  marginMse,
  matryoshka,
  stabilised,
  weighted,
} from "#src/train/losses/index.js";
import { expectClose } from "../../support/close.js";
import {
  flatten,
  matrix,
  pickRows,
  randomBatch,
  range,
  reorder,
  startsOf,
  unitMatrix,
} from "./random-batch.js";

const temperature = 0.5;
const kl = distillation({ temperature, teacherTemperature: 1, studentTemperature: 1 });
const graded = stabilised({ temperature, alpha: 1, order: "reward" });
const all: [string, Loss][] = [
  ["contrastive", contrastive({ temperature })],
  ["distillation", kl],
  ["stabilised", graded],
  ["marginMse", marginMse({ temperature })],
];
/** Sums in another order differ in the last bits of float64; gradients are rounded to float32 after that. */
const ORDER = 1e-6;

describe.each(all)("%s", (_, loss) => {
  it("does not depend on the order of the queries", () => {
    const shuffled = randomBatch.chain((batch) => {
      const queries = range(0, batch.queries.rows);
      return fc.record({
        batch: fc.constant(batch),
        order: fc.shuffledSubarray(queries, { minLength: queries.length }),
      });
    });
    fc.assert(
      fc.property(shuffled, ({ batch, order }) => {
        const { batch: other, keyOrder } = reorder(batch, order);
        const [got, want] = [loss(other), loss(batch)];
        expectClose([got.value], [want.value], 1e-12);
        expectClose(got.queryGradient, pickRows(want.queryGradient, batch.queries.columns, order), ORDER);
        expectClose(got.keyGradient, pickRows(want.keyGradient, batch.keys.columns, keyOrder), ORDER);
      }),
    );
  });

  it("never ignores own keys", () => {
    fc.assert(
      fc.property(randomBatch, (batch) => {
        const own = batch.ignored.map((flag, at) => {
          const [query, key] = [Math.floor(at / batch.keys.rows), at % batch.keys.rows];
          return key >= batch.starts[query]! && key < batch.starts[query + 1]! ? 1 : flag;
        });
        expect(loss({ ...batch, ignored: own })).toEqual(loss(batch));
      }),
    );
  });

  it("sees nothing of a key that every query ignores", () => {
    fc.assert(
      fc.property(randomBatch, (batch) => {
        const kept = batch.starts[batch.queries.rows]!; // keys of nobody stand behind
        const ignored = batch.ignored.map((flag, at) => (at % batch.keys.rows >= kept ? 1 : flag));
        const columns = batch.keys.columns;
        const got = loss({ ...batch, ignored });
        const without = loss({
          ...batch,
          keys: { rows: kept, columns, data: batch.keys.data.subarray(0, kept * columns) },
          teacherScores: batch.teacherScores.subarray(0, kept),
          ignored: batch.ignored.filter((_, at) => at % batch.keys.rows < kept),
        });
        expect(got.value).toBe(without.value);
        expectClose(got.keyGradient.subarray(0, kept * columns), without.keyGradient, ORDER);
        expect(got.keyGradient.subarray(kept * columns).every((slope) => slope === 0)).toBe(true);
      }),
    );
  });

  it("is the same for rewards that are all moved by as much", () => {
    fc.assert(
      fc.property(randomBatch, (batch) => {
        const teacherScores = batch.teacherScores.map((score) => score + 64); // exact in float32
        expectClose(flatten(loss({ ...batch, teacherScores })), flatten(loss(batch)), ORDER);
      }),
    );
  });

  it("gives the same bits again, and changes none of its inputs", () => {
    fc.assert(
      fc.property(randomBatch, (batch) => {
        const before = structuredClone(batch);
        const first = loss(batch);
        expect(loss(batch)).toEqual(first);
        expect(batch).toEqual(before);
      }),
    );
  });
});

describe("in batch or not", () => {
  it.each([
    ["contrastive", (inBatch: boolean) => contrastive({ temperature, inBatch })],
    ["stabilised", (inBatch: boolean) => stabilised({ temperature, alpha: 1, order: "reward", inBatch })],
  ] as const)("%s: without in-batch negatives it is the loss that ignores all others", (_, make) => {
    fc.assert(
      fc.property(randomBatch, (batch) => {
        const ignored = batch.ignored.map(() => 1);
        expectClose(flatten(make(false)(batch)), flatten(make(true)({ ...batch, ignored })), ORDER);
      }),
    );
  });
});

describe("contrastive", () => {
  it("is 0 with gradient 0 when there is one key", () => {
    const batch = { queries: matrix([[3, 4]]), keys: matrix([[-1, 2]]), starts: startsOf([1]) };
    expect(flatten(contrastive({ temperature: 0.01 })(batch)).every((number) => number === 0)).toBe(true);
  });

  it("is log n when n keys are equal", () => {
    const batch = {
      queries: matrix([[1, 0]]),
      keys: matrix(range(0, 5).map(() => [1, 2])),
      starts: startsOf([5]),
    };
    expect(contrastive({ temperature })(batch).value).toBeCloseTo(Math.log(5), 14);
  });
});

describe("distillation", () => {
  it("is 0 with gradient 0 when the scores are the teacher's", () => {
    // <q, k> / 0.5 of these numbers is exact in float32.
    const batch = {
      queries: matrix([[0.5, 0.25]]),
      keys: matrix([
        [1, 2],
        [-0.5, 0.75],
        [4, -3],
      ]),
      starts: startsOf([3]),
      teacherScores: Float32Array.of(2, -0.125, 2.5),
    };
    expectClose(flatten(kl(batch)), flatten(kl(batch)).fill(0), 1e-15);
  });

  it("is not 0 when they are not", () => {
    fc.assert(fc.property(randomBatch, (batch) => kl(batch).value >= -1e-15));
    const batch = {
      queries: matrix([[1]]),
      keys: matrix([[0], [0]]),
      starts: startsOf([2]),
      teacherScores: Float32Array.of(0, Math.log(3)),
    };
    // p = (1/4, 3/4), r = (1/2, 1/2): log 2 + 1/4 log 1/4 + 3/4 log 3/4
    expect(kl(batch).value).toBeCloseTo(Math.log(2) + 0.25 * Math.log(0.25) + 0.75 * Math.log(0.75), 7);
  });
});

describe("stabilised", () => {
  it.each(["reward", "reference"] as const)(
    "is contrastive when the positive has all weight: %s",
    (order) => {
      fc.assert(
        fc.property(randomBatch, (batch) => {
          const positives = new Set(batch.starts);
          const teacherScores = batch.teacherScores.map((score, key) => (positives.has(key) ? 3 : score));
          const oneHot = stabilised({ temperature, alpha: 1e-4, order });
          expectClose(
            flatten(oneHot({ ...batch, teacherScores })),
            flatten(contrastive({ temperature })(batch)),
            ORDER,
          );
        }),
      );
    },
  );

  it("ranks alike in both orders when the positive has the highest reward", () => {
    fc.assert(
      fc.property(randomBatch, (batch) => {
        const positives = new Set(batch.starts);
        const ranked = {
          ...batch,
          teacherScores: batch.teacherScores.map((score, key) => (positives.has(key) ? 3 : score)),
        };
        expect(stabilised({ temperature, alpha: 1, order: "reference" })(ranked)).toEqual(graded(ranked));
      }),
    );
  });
});

describe("marginMse", () => {
  it("is the squared difference of the margins", () => {
    const batch = {
      queries: matrix([[2]]),
      keys: matrix([[3], [1], [0]]),
      starts: startsOf([3]),
      teacherScores: Float32Array.of(5, 2, 1),
    };
    // margins of the scores 6, 2, 0: 4 and 6; of the teacher: 3 and 4; ((4 - 3)² + (6 - 4)²) / 2
    expect(marginMse({ temperature: 1 })(batch).value).toBe(2.5);
  });

  it("is 0 for queries without negatives", () => {
    const batch = {
      queries: matrix([[2], [1]]),
      keys: matrix([[3], [1]]),
      starts: startsOf([1, 1]),
      teacherScores: Float32Array.of(5, 2),
    };
    expect(flatten(marginMse({ temperature })(batch)).every((number) => number === 0)).toBe(true);
  });
});

describe("weighted", () => {
  it("is linear", () => {
    fc.assert(
      fc.property(randomBatch, (batch) => {
        const sum = weighted([
          { loss: kl, weight: 0.25 },
          { loss: graded, weight: -2 },
        ]);
        const [left, right] = [flatten(kl(batch)), flatten(graded(batch))];
        const want = left.map((number, at) => 0.25 * number - 2 * right[at]!);
        expectClose(flatten(sum(batch)), want, ORDER);
      }),
    );
  });
});

describe("matryoshka", () => {
  it("has the value of the loss on vectors of length 1 that are kept whole", () => {
    fc.assert(
      fc.property(randomBatch, (batch) => {
        const unit = (rows: typeof batch.queries) =>
          unitMatrix(
            range(0, rows.rows).map((row) => [
              ...rows.data.subarray(row * rows.columns, (row + 1) * rows.columns),
            ]),
          );
        const whole = { ...batch, queries: unit(batch.queries), keys: unit(batch.keys) };
        const wrapped = matryoshka(graded, [{ dimensions: batch.keys.columns, weight: 1 }]);
        expectClose([wrapped(whole).value], [graded(whole).value], 1e-6); // renormalised in float32
      }),
    );
  });

  it("leaves dimensions that are cut off without gradient, and none along the vector", () => {
    fc.assert(
      fc.property(randomBatch, (batch) => {
        const { queryGradient } = matryoshka(graded, [{ dimensions: 2, weight: 1 }])(batch);
        const { rows, columns, data } = batch.queries;
        for (const row of range(0, rows)) {
          const slope = queryGradient.subarray(row * columns, (row + 1) * columns);
          expect([...slope.subarray(2)].every((number) => number === 0)).toBe(true);
          const along = slope[0]! * data[row * columns]! + slope[1]! * data[row * columns + 1]!;
          expect(Math.abs(along)).toBeLessThan(2e-6);
        }
      }),
    );
  });
});

describe("extremes", () => {
  const batch = {
    queries: matrix([[1, 0]]),
    keys: matrix([
      [-1, 0],
      [1, 0],
    ]),
    starts: startsOf([2]),
    teacherScores: Float32Array.of(1e30, -1e30),
  };
  it("stays finite at small temperatures and large rewards", () => {
    // The scores are -1e4 and 1e4, and all reward is on the first: each loss is the difference, 2e4.
    const cold = 1e-4;
    const losses = [
      contrastive({ temperature: cold }),
      distillation({ temperature: cold, teacherTemperature: 0.01, studentTemperature: 1 }),
      stabilised({ temperature: cold, alpha: 0.01, order: "reward" }),
      stabilised({ temperature: cold, alpha: 0.01, order: "reference" }),
    ];
    for (const loss of losses) {
      const result = loss(batch);
      expect(result.value).toBeCloseTo(2e4, 6);
      // dL/ds = (-1, 1): dL/dq = (-k_0 + k_1) / temperature
      expectClose(result.queryGradient, [2e4, 0], 1e-6);
      expectClose(result.keyGradient, [-1e4, 0, 1e4, 0], 1e-6);
    }
  });
});
