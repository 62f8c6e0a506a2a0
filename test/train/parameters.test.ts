import { describe, expect, it } from "vitest";
import { createGraph, input, matmul } from "#src/graph/index.js";
import { emitModel } from "#src/onnx/index.js";
import { openSession } from "#src/runtime/index.js";
import { createRandom, normal } from "#src/std/index.js";
import { createTensor } from "#src/tensor/index.js";
import { createAdamW, createArena } from "#src/train/index.js";

const tensors = [
  { name: "frozen", shape: [3, 3], trainable: false },
  { name: "table", shape: [50, 7], trainable: true },
  { name: "bias", shape: [5], trainable: true },
  { name: "scalar", shape: [], trainable: true },
  { name: "frozen too", shape: [2], trainable: false },
];

function fill(array: Float32Array, seed: number): Float32Array {
  const random = createRandom(seed);
  return array.map(() => normal(random));
}

/** Whether two arrays hold the same bits; quick for long ones. */
function same(left: Float32Array, right: Float32Array): boolean {
  const [a, b] = [left, right].map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength));
  return a!.equals(b!);
}

describe("an arena", () => {
  it("has a view of its own for every array, at a multiple of 64 bytes, zero at first", () => {
    const arena = createArena(tensors);
    expect(arena.names).toEqual(["frozen", "table", "bias", "scalar", "frozen too"]);
    expect(arena.trainable).toEqual(["table", "bias", "scalar"]);
    expect(arena.shape("table")).toEqual([50, 7]);
    const views = [
      ...arena.names.map(arena.parameter),
      ...arena.trainable.map(arena.gradient),
      ...arena.trainable.flatMap(arena.moments),
    ];
    expect(views.map(({ length }) => length)).toEqual([9, 350, 5, 1, 2, 350, 5, 1, 350, 350, 5, 5, 1, 1]);
    expect(views.map(({ byteOffset }) => byteOffset % 64)).toEqual(views.map(() => 0));
    expect(views.every((view) => view.every((value) => value === 0))).toBe(true);
    views.forEach((view, index) => {
      view.fill(index + 1);
    });
    views.forEach((view, index) => {
      expect(new Set(view)).toEqual(new Set([index + 1]));
    });
  });

  it("keeps its views while other arenas come, and finds the same numbers by name", () => {
    const arena = createArena(tensors);
    const bias = arena.parameter("bias");
    bias.set([1, 2, 3, 4, 5]);
    createArena([{ name: "large", shape: [3_000_000], trainable: true }]);
    expect(arena.parameter("bias")).toEqual(Float32Array.of(1, 2, 3, 4, 5));
    arena.parameter("bias")[0] = 9;
    expect(bias[0]).toBe(9);
  });

  it("measures, scales and zeroes all gradients and nothing else", () => {
    const arena = createArena([...tensors, { name: "large", shape: [300, 1001], trainable: true }]);
    let sum = 0;
    arena.trainable.forEach((name, index) => {
      arena.gradient(name).set(fill(arena.gradient(name), index));
      sum += arena.gradient(name).reduce((total, value) => total + value ** 2, 0);
    });
    for (const name of arena.names) arena.parameter(name).fill(2);
    for (const name of arena.trainable) for (const moment of arena.moments(name)) moment.fill(3);
    expect(arena.gradientNorm() / Math.sqrt(sum)).toBeCloseTo(1, 12);
    const before = arena.gradient("table").slice();
    arena.scaleGradients(0.5);
    expect(arena.gradient("table")).toEqual(before.map((value) => value / 2));
    expect(arena.gradientNorm() / Math.sqrt(sum)).toBeCloseTo(0.5, 12);
    arena.zeroGradients();
    expect(arena.gradientNorm()).toBe(0);
    expect(new Set(arena.names.flatMap((name) => [...new Set(arena.parameter(name))]))).toEqual(new Set([2]));
    expect(new Set(arena.trainable.flatMap((name) => [...new Set(arena.moments(name)[0])]))).toEqual(
      new Set([3]),
    );
  });

  it("adds a gradient from anywhere, itself included, however long", () => {
    const arena = createArena([{ name: "weight", shape: [400, 401], trainable: true }]);
    const gradient = arena.gradient("weight");
    const values = fill(gradient, 1);
    arena.addGradient("weight", values);
    expect(same(gradient, values)).toBe(true);
    arena.addGradient("weight", gradient);
    arena.addGradient("weight", values);
    expect(
      same(
        gradient,
        values.map((value) => Math.fround(2 * value) + value),
      ),
    ).toBe(true);
  });

  it.each([
    [50, 7, 40_000], // more ids than are staged at once
    [4, 30_000, 9], // two rows fit the stage
    [3, 100_003, 5], // a row longer than the stage usually is
    [5, 3, 0],
  ])("adds to a table [%d, %d] the rows of %d ids", (height, width, count) => {
    const arena = createArena([{ name: "table", shape: [height, width], trainable: true }]);
    const random = createRandom(3);
    const ids = Int32Array.from({ length: count }, () => Math.floor(height * random()));
    const rows = fill(new Float32Array(count * width), 4);
    const wanted = fill(arena.gradient("table"), 5);
    arena.gradient("table").set(wanted);
    ids.forEach((id, row) => {
      for (let at = 0; at < width; at++) wanted[id * width + at]! += rows[row * width + at]!;
    });
    arena.addGradientRows("table", ids, rows);
    expect(same(arena.gradient("table"), wanted)).toBe(true);
  });

  it("works with nothing to train", () => {
    const arena = createArena([{ name: "frozen", shape: [2], trainable: false }]);
    expect(arena.gradientNorm()).toBe(0);
    expect(arena.parameter("frozen").length).toBe(2);
  });

  it("is read by ONNX Runtime in place, before and after a step", async () => {
    const [x, weight] = [input("x", "float32", [1, 2]), input("weight", "float32", [2, 3])];
    const model = emitModel(
      createGraph({ inputs: [x, weight], outputs: { y: matmul(x, weight) } }),
      new Map(),
    );
    await using session = await openSession(model, { threads: 1 });
    const arena = createArena([
      { name: "other", shape: [20_000], trainable: true },
      { name: "weight", shape: [2, 3], trainable: true },
    ]);
    const parameter = arena.parameter("weight");
    const run = () =>
      session.run({
        x: createTensor("float32", [1, 2], Float32Array.of(1, 10)),
        weight: createTensor("float32", [2, 3], parameter),
      });
    parameter.set([1, 2, 3, 4, 5, 6]);
    const { y } = await run();
    expect(y?.data).toEqual(Float32Array.of(41, 52, 63));

    // The feeds are handed over now, and read when the event loop turns: a copy would not show the change.
    const later = run();
    parameter.set([0, 0, 0, 1, 1, 1]);
    expect((await later)["y"]?.data).toEqual(Float32Array.of(10, 10, 10));

    arena.gradient("weight").fill(1);
    createAdamW(arena, { weightDecay: 0 }).step({ learningRate: 0.5 }); // the first step has the length of the rate
    const { y: stepped } = await run();
    stepped?.data.forEach((value) => {
      expect(value).toBeCloseTo(-0.5 + 5, 5);
    });
    expect(parameter.length).toBe(6);
  });
});

describe("errors", () => {
  it("says what does not fit into 4 GB, and what does", () => {
    const large = () => createArena([{ name: "large", shape: [335_000_000], trainable: true }]);
    expect(large).toThrow(expect.objectContaining({ code: "unsupported" }));
    expect(large).toThrow(
      /^parameters: 335\.0 million numbers that train .* want 4\.99 GB .* BERT-base .* fits/,
    );
    // The room itself is reserved, not touched.
    const frozen = createArena([
      { name: "large", shape: [400_000_000], trainable: false },
      { name: "small", shape: [7], trainable: true },
    ]);
    expect(frozen.parameter("large").length).toBe(400_000_000);
  });

  it.each([
    ["a name twice", () => createArena([tensors[0]!, tensors[0]!]), 'two tensors have the name "frozen"'],
    ["a shape", () => createArena([{ name: "a", shape: [2, -1], trainable: true }]), "a has shape [2, -1]"],
    ["an unknown name", () => createArena(tensors).parameter("blas"), 'there is no tensor "blas"'],
    [
      "a frozen gradient",
      () => createArena(tensors).gradient("frozen"),
      "frozen is frozen: it has no gradient",
    ],
    ["frozen moments", () => createArena(tensors).moments("frozen too"), "it has no gradient and no moments"],
    [
      "a short gradient",
      () => createArena(tensors).addGradient("bias", new Float32Array(4)),
      "bias has 5 numbers, got 4",
    ],
    [
      "rows for a vector",
      () => createArena(tensors).addGradientRows("bias", Int32Array.of(0), new Float32Array(5)),
      "bias has shape [5]; rows are added to tables [V, H] only",
    ],
    [
      "too few rows",
      () => createArena(tensors).addGradientRows("table", Int32Array.of(0, 1), new Float32Array(7)),
      "2 ids want 2 rows of 7 numbers for table, got 7 numbers",
    ],
  ])("refuses %s", (_, act, message) => {
    expect(act).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    expect(act).toThrow(message);
  });

  it.each([-1, 50, 2 ** 31 - 1])("refuses id %d before anything is added", (id) => {
    const arena = createArena(tensors);
    const add = () => arena.addGradientRows("table", Int32Array.of(3, id), new Float32Array(14).fill(1));
    expect(add).toThrow(`id ${id} is outside of table, which has 50 rows`);
    expect(arena.gradientNorm()).toBe(0);
  });
});
