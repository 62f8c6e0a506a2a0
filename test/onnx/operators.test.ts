/** Each operator against ONNX Runtime and a plain formula: the inferred shape and type, the values, the round trip. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createGraph,
  type Dims,
  input,
  type OperatorName,
  operators,
  parameter,
  print,
  quantizedMatmul,
  scatterAdd,
} from "#src/graph/index.js";
import { emitModel, parseModel } from "#src/onnx/index.js";
import { openSession } from "#src/runtime/index.js";
import { createTensor, type Tensor } from "#src/tensor/index.js";
import { expectClose } from "../support/close.ts";
import { type Case, cases, indices, resolve, symbols } from "./cases.ts";

/** Float kernels differ from the formula in the last bits, and by the approximations of exp, erf and tanh. */
const tolerance = 2e-6;

async function check({ operands, apply, element }: Case, shapeOf: (shape: Dims) => Dims): Promise<void> {
  const inputs = operands.map(({ dtype, shape }, nth) => input(`x${nth}`, dtype, shapeOf(shape)));
  const y = apply(inputs);
  const graph = createGraph({ inputs, outputs: { y } });
  const bytes = emitModel(graph, new Map());
  expect(print(parseModel(bytes).graph)).toBe(print(graph));

  await using session = await openSession(bytes, { threads: 1 });
  const feeds = Object.fromEntries(operands.map((operand, nth) => [`x${nth}`, operand]));
  const result = (await session.run(feeds))["y"] as Tensor;
  expect(result.dtype).toBe(y.dtype);
  expect(result.shape).toEqual(resolve(y.shape));
  expectClose(
    Array.from(result.data as ArrayLike<number>, Number),
    indices(result.shape).map(element),
    tolerance,
  );
}

describe.each(Object.keys(operators) as OperatorName[])("%s", (name) => {
  it("has the inferred type and the values of the formula", async () => {
    await fc.assert(
      fc.asyncProperty(cases[name], async (example) => {
        await check(example, (shape) => shape);
        if (example.symbolic) await check(example, symbols);
      }),
      { numRuns: 15, seed: 7 },
    );
  });
});

it("sums products of 8 bits exactly at their extremes, with and without VNNI", async () => {
  const [rows, inner] = [2, 512];
  const codes = createTensor("uint8", [rows, inner], new Uint8Array(rows * inner).fill(255));
  const weight = createTensor(
    "int8",
    [inner, 2],
    Int8Array.from({ length: 2 * inner }, (_, at) => (at % 2 ? 63 : -64)),
  );
  const a = input("a", "uint8", ["M", inner]);
  const y = quantizedMatmul(a, parameter("b", "int8", [inner, 2]), parameter("c", "float32", [2]));
  const scale = createTensor("float32", [2], Float32Array.of(1, 1));
  const model = emitModel(
    createGraph({ inputs: [a], outputs: { y } }),
    new Map<string, Tensor>([
      ["b", weight],
      ["c", scale],
    ]),
  );
  await using session = await openSession(model, { threads: 1 });
  const result = await session.run({ a: codes });
  // 512 products of 127 and -64 or 63
  expect(Array.from(result["y"]?.data as Float32Array)).toEqual([-4161536, 4096512, -4161536, 4096512]);
});

it("adds every update of a row that is named many times, with several threads too", async () => {
  const [rows, width, updates] = [3, 1024, 4000]; // so many that ONNX Runtime would share the work among threads
  const x = input("x", "float32", [rows, width]);
  const [places, y] = [input("places", "int64", ["N", width]), input("y", "float32", ["N", width])];
  const graph = createGraph({ inputs: [x, places, y], outputs: { z: scatterAdd(x, places, y) } });
  // row 0 once, row 1 never, row 2 all other times
  const named = BigInt64Array.from({ length: updates * width }, (_, at) => (at < width ? 0n : 2n));
  const feeds = {
    x: createTensor("float32", [rows, width], new Float32Array(rows * width).fill(0.5)),
    places: createTensor("int64", [updates, width], named),
    y: createTensor("float32", [updates, width], new Float32Array(updates * width).fill(1)),
  };
  const wanted = [1.5, 0.5, updates - 0.5].flatMap((value) => new Array<number>(width).fill(value));
  await using session = await openSession(emitModel(graph, new Map()), { threads: 2 });
  for (let run = 0; run < 8; run++) {
    expect(Array.from((await session.run(feeds))["z"]?.data as Float32Array)).toEqual(wanted);
  }
});
