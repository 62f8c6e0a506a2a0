import { describe, expect, it } from "vitest";
import {
  contrastive,
  distillation,
  type LossBatch,
  marginMse,
  matryoshka,
  stabilised,
  weighted,
} from "#src/train/losses/index.js";
import { matrix, startsOf } from "./random-batch.js";

const temperature = 0.1;
const batch: LossBatch = {
  queries: matrix([
    [1, 0],
    [0, 1],
  ]),
  keys: matrix([
    [1, 0],
    [0, 1],
    [1, 1],
  ]),
  starts: startsOf([2, 1]),
  teacherScores: Float32Array.of(1, 2, 3),
};
const refusal = (message: RegExp) =>
  expect.objectContaining({ code: "invalid_argument", message: expect.stringMatching(message) });

describe("batches", () => {
  it.each<[string, Partial<LossBatch>, RegExp]>([
    ["no query", { queries: matrix([]), starts: startsOf([]) }, /no query/],
    ["wrong size", { queries: { ...batch.queries, rows: 3 } }, /queries \[3, 2\] hold 4 numbers/],
    ["other dimensions", { keys: matrix([[1], [2], [3]]) }, /2 dimensions and keys 1/],
    [
      "NaN",
      {
        queries: matrix([
          [1, 0],
          [0, Number.NaN],
        ]),
      },
      /row 1 of queries holds NaN/,
    ],
    [
      "infinite",
      {
        keys: matrix([
          [1, 0],
          [Infinity, 0],
          [0, 1],
        ]),
      },
      /row 1 of keys holds Infinity/,
    ],
    ["starts too short", { starts: startsOf([3]) }, /starts hold 2 numbers, 3 are wanted/],
    ["starts not at 0", { starts: Int32Array.of(1, 2, 3) }, /begin with 1/],
    ["an empty group", { starts: startsOf([2, 0]) }, /query 1 .* has no key/],
    ["more keys than there are", { starts: startsOf([2, 2]) }, /end at key 4, there are 3/],
    ["teacher scores too short", { teacherScores: Float32Array.of(1) }, /teacherScores hold 1 numbers, 3/],
    ["mask too short", { ignored: new Uint8Array(5) }, /ignored hold 5 numbers, 6/],
  ])("%s", (_, fault, message) => {
    expect(() => contrastive({ temperature })({ ...batch, ...fault })).toThrow(refusal(message));
    expect(() =>
      matryoshka(contrastive({ temperature }), [{ dimensions: 1, weight: 1 }])({ ...batch, ...fault }),
    ).toThrow(refusal(message));
  });
});

describe("teacher scores", () => {
  const losses = [
    distillation({ temperature, teacherTemperature: 1, studentTemperature: 1 }),
    stabilised({ temperature, alpha: 1, order: "reward" }),
    marginMse({ temperature }),
  ];
  it.each(losses)("must be there for each own key, else the query is named", (loss) => {
    const { teacherScores: _, ...without } = batch;
    expect(() => loss(without)).toThrow(refusal(/key 0 of query 0 .* is missing/));
    for (const wrong of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const teacherScores = Float32Array.of(1, 2, wrong);
      expect(() => loss({ ...batch, teacherScores })).toThrow(
        refusal(/key 0 of query 1 .* is (NaN|-Infinity)/),
      );
    }
  });

  it.each(losses)("may be absent for keys of no query", (loss) => {
    const [queries, starts] = [matrix([[1, 0]]), startsOf([2])];
    const teacherScores = Float32Array.of(1, 2, Number.NaN);
    expect(loss({ ...batch, queries, starts, teacherScores }).value).toBeGreaterThan(0);
  });

  it("are not asked for by contrastive", () => {
    const teacherScores = new Float32Array(3).fill(Number.NaN);
    expect(contrastive({ temperature })({ ...batch, teacherScores }).value).toBeGreaterThan(0);
  });
});

describe("options", () => {
  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("refuse the temperature %d", (wrong) => {
    const temperatures = { temperature, teacherTemperature: 1, studentTemperature: 1 };
    const makers = [
      () => contrastive({ temperature: wrong }),
      () => distillation({ ...temperatures, teacherTemperature: wrong }),
      () => distillation({ ...temperatures, studentTemperature: wrong }),
      () => stabilised({ temperature, alpha: wrong, order: "reward" }),
      () => marginMse({ temperature: wrong }),
    ];
    for (const make of makers) expect(make).toThrow(refusal(/is (0|-1|NaN|Infinity); a number above 0/));
  });

  it("refuse sums of nothing and by no number", () => {
    expect(() => weighted([])).toThrow(refusal(/no loss/));
    expect(() => weighted([{ loss: contrastive({ temperature }), weight: Number.NaN }])).toThrow(
      refusal(/NaN/),
    );
  });

  it("refuse dimensions that are not there, and vectors without length in them", () => {
    const first = (dimensions: number) =>
      matryoshka(contrastive({ temperature }), [{ dimensions, weight: 1 }]);
    expect(() => matryoshka(contrastive({ temperature }), [])).toThrow(refusal(/no dimensions/));
    for (const wrong of [0, 1.5, 3]) {
      expect(() => first(wrong)(batch)).toThrow(refusal(/dimensions wanted of embeddings that have 2/));
    }
    expect(() => first(1)(batch)).toThrow(refusal(/first 1 dimensions of an embedding are all 0/));
  });
});

it("says when the value is not finite", () => {
  expect(() => contrastive({ temperature: 1e-320 })(batch)).toThrow(refusal(/the loss is NaN, not a finite/));
});
