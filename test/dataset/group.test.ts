import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type GroupOptions, sampleGroup, type TrainingRow } from "#src/dataset/index.js";
import { createRandom } from "#src/std/index.js";

const row: TrainingRow = {
  query: "q",
  pos: ["p0", "p1", "p2"],
  neg: ["n0", "n1", "n2", "n3", "n4"],
  teacherScores: [1, 3, 2, 0, 5, -1, -2, -3],
};
const bare: TrainingRow = { query: "q", pos: row.pos, neg: row.neg };

function keys(of: TrainingRow, options: Partial<GroupOptions>, seed = 1): readonly string[] | undefined {
  return sampleGroup(of, { size: 3, positive: "first", negative: "first", ...options }, createRandom(seed))
    ?.keys;
}

/** Every first key that some seed gives. */
function positives(of: TrainingRow, positive: GroupOptions["positive"]): string[] {
  return [
    ...new Set(Array.from({ length: 50 }, (_, seed) => keys(of, { positive }, seed)?.[0] ?? "")),
  ].sort();
}

describe("the positive", () => {
  it("is the first, a random one, the teacher's of all, or the teacher's of the listed", () => {
    expect(positives(row, "first")).toEqual(["p0"]);
    expect(positives(row, "random")).toEqual(["p0", "p1", "p2"]);
    expect(positives(row, "teacher")).toEqual(["n1"]);
    expect(positives(row, "teacher-pos")).toEqual(["p1"]);
  });

  it("is no negative when the teacher takes it from them, and stays known as a positive", () => {
    const group = sampleGroup(row, { size: 5, positive: "teacher", negative: "first" }, createRandom(1));
    expect(group).toEqual({
      query: "q",
      keys: ["n1", "n0", "n2", "n3", "n4"],
      teacherScores: [5, 0, -1, -2, -3],
      positives: ["n1", "p0", "p1", "p2"],
    });
  });

  it("is the first where there are no scores", () => {
    for (const choice of ["teacher", "teacher-pos"] as const) expect(positives(bare, choice)).toEqual(["p0"]);
  });

  it("is the teacher's where none is listed: a chat, a long text", () => {
    const chat = { query: "q", pos: [], neg: [], history: ["a", "b", "c"], teacherScores: [1, 2, 0] };
    const text = { query: "q", pos: [], neg: ["a", "b", "c"], teacherScores: [1, 2, 0] };
    for (const choice of ["first", "random", "teacher", "teacher-pos"] as const) {
      expect(keys(chat, { positive: choice })).toEqual(["b", "a", "c"]);
      expect(keys(text, { positive: choice })).toEqual(["b", "a", "c"]);
    }
  });

  it("is the first of equals", () => {
    expect(keys({ ...row, teacherScores: [1, 4, 4, 4, 4, 0, 0, 0] }, { positive: "teacher" })?.[0]).toBe(
      "p1",
    );
  });

  it("is nothing where nothing tells it", () => {
    expect(keys({ query: "q", pos: [], neg: ["a", "b"] }, { positive: "teacher" })).toBeUndefined();
    expect(
      keys({ query: "q", pos: [], neg: [], history: ["a", "b"] }, { positive: "first" }),
    ).toBeUndefined();
  });
});

describe("the negatives", () => {
  it("are the first, the best or the worst scored", () => {
    expect(keys(row, { negative: "first" })).toEqual(["p0", "n0", "n1"]);
    expect(keys(row, { negative: "teacher+" })).toEqual(["p0", "n1", "n0"]);
    expect(keys(row, { negative: "teacher-" })).toEqual(["p0", "n4", "n3"]);
  });

  it("are random ones, each at most once, another choice for another seed, the same for the same", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const [, ...negatives] = keys(row, { negative: "random" }, seed) ?? [];
      expect(new Set(negatives).size).toBe(2);
      seen.add(negatives.join());
      expect(keys(row, { negative: "random" }, seed)?.slice(1)).toEqual(negatives);
    }
    expect(seen.size).toBe(20); // 5 · 4 ordered pairs
  });

  it("are random where the choice needs scores that are not there", () => {
    for (const negative of ["teacher+", "teacher-", "stratified"] as const) {
      const choices = Array.from({ length: 50 }, (_, seed) => keys(bare, { negative }, seed)?.join());
      expect(new Set(choices).size).toBeGreaterThan(10);
    }
  });

  it("are tiled where there are too few", () => {
    expect(keys(row, { size: 8, negative: "first" })).toEqual([
      "p0",
      "n0",
      "n1",
      "n2",
      "n3",
      "n4",
      "n0",
      "n1",
    ]);
    // Twice the list, best first: each score comes twice.
    expect(keys(row, { size: 6, negative: "teacher+" })).toEqual(["p0", "n1", "n0", "n2", "n3", "n4"]);
    expect(keys(row, { size: 7, negative: "teacher+" })).toEqual(["p0", "n1", "n1", "n0", "n0", "n2", "n2"]);
    const random = keys(row, { size: 11, negative: "random" })?.slice(1) ?? [];
    expect(random.toSorted()).toEqual([...row.neg, ...row.neg].toSorted());
  });

  it("are none where the row has none: the positive stands alone", () => {
    expect(keys({ query: "q", pos: ["p"], neg: [] }, { size: 8 })).toEqual(["p"]);
    expect(keys(row, { size: 1 })).toEqual(["p0"]);
    expect(keys({ query: "q", pos: [], neg: [], history: ["a"], teacherScores: [1] }, { size: 4 })).toEqual([
      "a",
    ]);
  });

  it("are never a text that answers the query", () => {
    const mistaken = { ...bare, neg: ["p1", "n0", "p0", "n1"] };
    expect(keys(mistaken, { size: 4 })).toEqual(["p0", "n0", "n1", "n0"]);
  });

  it("that are stratified come from every part of the range of scores", () => {
    // 97 near the top, one in the middle, one at the bottom: a random choice of 4 has both with probability 1/800.
    const scores = [...Array.from({ length: 97 }, (_, at) => 9 + at / 100), 5, 0];
    const neg = scores.map((_, at) => `n${at}`);
    const skewed = { query: "q", pos: ["p"], neg, teacherScores: [10, ...scores] };
    const tops = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const [, ...chosen] = keys(skewed, { size: 5, negative: "stratified" }, seed) ?? [];
      expect(chosen).toHaveLength(4);
      expect(new Set(chosen).size).toBe(4);
      expect(chosen).toEqual(expect.arrayContaining(["n97", "n98"]));
      tops.add(chosen[0] ?? "");
    }
    expect(tops.size).toBeGreaterThan(5);
  });
});

it("keeps texts and scores together, whatever is chosen", () => {
  const positive = fc.constantFrom<GroupOptions["positive"]>("first", "random", "teacher", "teacher-pos");
  const negative = fc.constantFrom<GroupOptions["negative"]>(
    "random",
    "first",
    "teacher+",
    "teacher-",
    "stratified",
  );
  const scored = fc.record({
    counts: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 12 })),
    scores: fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 15, maxLength: 15 }),
    options: fc.record({ size: fc.integer({ min: 1, max: 20 }), positive, negative }),
    seed: fc.integer(),
  });
  fc.assert(
    fc.property(scored, ({ counts: [pos, neg], scores, options, seed }) => {
      const texts = scores.slice(0, pos + neg).map((_, at) => `t${at}`);
      const teacherScores = scores.slice(0, pos + neg);
      const sampled = { query: "q", pos: texts.slice(0, pos), neg: texts.slice(pos), teacherScores };
      const group = sampleGroup(sampled, options, createRandom(seed));
      const left = neg - Number(texts.indexOf(group?.keys[0] ?? "") >= pos); // the teacher may take one of them
      expect(group?.keys).toHaveLength(left === 0 ? 1 : options.size);
      expect(group?.teacherScores).toEqual(group?.keys.map((key) => teacherScores[texts.indexOf(key)]));
      expect(group?.positives).toContain(group?.keys[0]);
      for (const key of group?.keys.slice(1) ?? []) expect(group?.positives).not.toContain(key);
    }),
  );
});

it("refuses a group of nothing", () => {
  for (const size of [0, -1, 1.5]) {
    expect(() => keys(row, { size })).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  }
});
