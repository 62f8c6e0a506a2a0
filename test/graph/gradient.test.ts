/**
 * Reverse-mode differentiation: the rule of each operator against central differences of its plain formula in float64,
 * and what `gradients` makes of the rules.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  add,
  cast,
  createGraph,
  type Dims,
  equal,
  exp,
  gather,
  gradients,
  input,
  matmul,
  maximum,
  mul,
  type OperatorName,
  onesLike,
  operators,
  parameter,
  print,
  quantize,
  quantizedMatmul,
  reduceMax,
  reduceMin,
  reduceSum,
  relu,
  scalar,
  softmax,
  sub,
  tanh,
  type Value,
} from "#src/graph/index.js";
import { createTensor, type Tensor, toFloat32 } from "#src/tensor/index.js";
import { type Case, indices, resolve, symbols } from "../onnx/cases.ts";
import { expectClose } from "../support/close.ts";
import { runValues } from "../support/run-values.ts";
import { gradientCases } from "./gradient-cases.ts";

/**
 * A power of two, so that an eighth plus or minus it is a float32 too. The error of a central difference is
 * step² / 6 of the third derivative: 6e-10 of it, below float32.
 */
const step = 2 ** -14;

/**
 * Relative to the greatest element of a gradient, or to 1: tens of float32 roundings (6e-8 each), the approximations
 * of exp, erf and tanh (1e-7 to 3e-7), and sums that cancel.
 */
const tolerance = 4e-6;

/** So many elements of each operand are compared. */
const probes = 12;

/** The codes of x with a scale of 1 and 128 as zero. */
function rounded(x: Value): Value {
  const one = onesLike(reduceSum(x, [-1], { keep: true }));
  return quantize(x, one, cast(mul(one, scalar(128, one)), "uint8"));
}

/** Σ cotangent · y by the formula. */
function lossOf({ element }: Case, { shape, data }: Tensor): number {
  return indices(shape).reduce((sum, index, at) => sum + Number(data[at]) * element(index), 0);
}

function difference(example: Case, operand: Tensor, at: number, cotangent: Tensor): number {
  const data = operand.data as Float32Array;
  const value = data[at] as number;
  const [after, before] = [step, -step].map((by) => {
    data[at] = value + by;
    return lossOf(example, cotangent);
  });
  data[at] = value;
  return (after! - before!) / (2 * step);
}

/** A value that some operator computes, which outputs of graphs have to be. */
const computed = (x: Value): Value => mul(x, scalar(1, x));

async function check(example: Case, cotangentAt: (at: number) => number, shapeOf: (shape: Dims) => Dims) {
  const { operands } = example;
  const values = operands.map(({ dtype, shape }, nth) => input(`x${nth}`, dtype, shapeOf(shape)));
  const y = example.apply(values);
  const dy = input("dy", "float32", y.shape);
  const found = gradients([{ value: y, cotangent: dy }], values);
  const outputs: Record<string, Value> = {};
  for (const [nth, gradient] of found.entries()) {
    expect(gradient === undefined).toBe(operands[nth]?.dtype !== "float32");
    if (gradient === undefined) continue;
    expect(gradient).toMatchObject({ dtype: "float32", shape: values[nth]?.shape });
    outputs[`d${nth}`] = computed(gradient);
  }

  const shape = resolve(y.shape);
  const size = shape.reduce((product, axis) => product * axis, 1);
  const cotangent = createTensor(
    "float32",
    shape,
    Float32Array.from({ length: size }, (_, at) => cotangentAt(at)),
  );
  const results = await runValues(outputs, {
    inputs: [...values.map((value, nth) => [value, operands[nth]!] as const), [dy, cotangent]],
  });
  for (const [nth, operand] of operands.entries()) {
    const result = results[`d${nth}`];
    if (result === undefined) continue;
    expect(result.shape).toEqual(operand.shape);
    const got = toFloat32(result);
    const stride = Math.max(1, Math.ceil(got.length / probes));
    const places = Array.from({ length: Math.ceil(got.length / stride) }, (_, place) => place * stride);
    const scale = Math.max(...got.map(Math.abs), 1);
    expectClose(
      places.map((at) => got[at]! / scale),
      places.map((at) => difference(example, operand, at, cotangent) / scale),
      tolerance,
    );
  }
}

const names = Object.keys(operators) as OperatorName[];

describe.each(names.filter((name) => typeof gradientCases[name] !== "string"))("%s", (name) => {
  it("has the gradient of the formula", async () => {
    const examples = gradientCases[name] as fc.Arbitrary<Case>;
    const eighths = fc.array(fc.integer({ min: -16, max: 16 }), { minLength: 13, maxLength: 13 });
    await fc.assert(
      fc.asyncProperty(examples, eighths, async (example, weights) => {
        const cotangentAt = (at: number): number => weights[(at * 5) % weights.length]! / 8;
        await check(example, cotangentAt, (shape) => shape);
        if (example.symbolic) await check(example, cotangentAt, symbols);
      }),
      { numRuns: 12, seed: 3 },
    );
  });
});

describe("gradients", () => {
  const f = (name: string, ...shape: readonly (number | string)[]): Value => input(name, "float32", shape);
  const tensor = (shape: readonly number[], ...values: readonly number[]): Tensor =>
    createTensor("float32", shape, Float32Array.from(values));
  const sumOf = (x: Value): Value => reduceSum(x, [...x.shape.keys()]);
  /** The gradients of the scalar `loss`. */
  const of = (loss: Value, ...by: readonly Value[]): (Value | undefined)[] =>
    gradients([{ value: loss, cotangent: scalar(1, loss) }], by);

  async function values(
    outputs: readonly (Value | undefined)[],
    inputs: readonly (readonly [Value, Tensor])[],
    parameters: ReadonlyMap<string, Tensor> = new Map(),
  ): Promise<number[][]> {
    const named = Object.fromEntries(outputs.map((value, nth) => [`y${nth}`, computed(value!)]));
    const results = await runValues(named, { inputs, parameters });
    return outputs.map((_, nth) => [...toFloat32(results[`y${nth}`]!)]);
  }

  it("is a graph like any other: of (x W + b)²", () => {
    const x = f("x", "B", 3);
    const [w, b] = [parameter("w", "float32", [3, 2]), parameter("b", "float32", [2])];
    const y = add(matmul(x, w), b);
    const loss = sumOf(mul(y, y));
    const [dw, db] = of(loss, w, b);
    expect(print(createGraph({ inputs: [x], outputs: { loss, dw: dw!, db: db! } }))).toMatchInlineSnapshot(`
      "input x:float32[B,3]
      parameter w:float32[3,2]
      parameter b:float32[2]
      v1:float32[B,2] = matmul(x, w)
      v2:float32[B,2] = add(v1, b)
      v3:float32[B,2] = mul(v2, v2)
      loss:float32[] = reduceSum(v3) axes=[0,1] keep=false
      v5:float32[3,B] = transpose(x) permutation=[1,0]
      v6:float32[] = constant() dtype=float32 shape=[] values=[1]
      v7:float32[1,1] = unsqueeze(v6) axes=[0,1]
      v8:bool[B,2] = equal(v3, v3)
      v9:float32[B,2] = cast(v8) to=float32
      v10:float32[B,2] = mul(v7, v9)
      v11:float32[B,2] = mul(v10, v2)
      v12:float32[B,2] = mul(v10, v2)
      v13:float32[B,2] = add(v11, v12)
      dw:float32[3,2] = matmul(v5, v13)
      db:float32[2] = reduceSum(v13) axes=[0] keep=false
      output loss
      output dw
      output db"
    `);
  });

  it("adds up over the uses of a value, and over parameters of one name", async () => {
    const x = f("x", 2);
    const twice = [parameter("w", "float32", [2]), parameter("w", "float32", [2])] as const;
    // Σ x (x + w) w: by x it is (2 x + w) w, by w it is x (x + 2 w)
    const loss = sumOf(mul(mul(x, add(x, twice[0])), twice[1]));
    const [dx, dw, again] = of(loss, x, twice[0], parameter("w", "float32", [2]));
    expect(again).toBe(dw);
    const weights = new Map([["w", tensor([2], 5, 7)]]);
    expect(await values([dx, dw], [[x, tensor([2], 2, 3)]], weights)).toEqual([
      [45, 91],
      [24, 51],
    ]);
  });

  it("does not mix up an input and a parameter of one name", async () => {
    const [x, p] = [f("x", 1), parameter("x", "float32", [1])];
    const [dx] = of(sumOf(mul(x, x)), x);
    expect(of(sumOf(mul(x, x)), p)).toEqual([undefined]);
    expect(await values([dx], [[x, tensor([1], 3)]])).toEqual([[6]]);
  });

  it("goes by values on the way, and stops at them", async () => {
    const x = f("x", 2);
    const y = exp(x);
    const loss = sumOf(mul(y, mul(y, x)));
    const inputs = [[x, tensor([2], 0, 1)]] as const;
    // by y alone 2 y x; by x where y is given y²: what goes through y is not counted
    const [dy, partial] = await values(of(loss, y, x), inputs);
    expectClose(dy!, [0, 2 * Math.E], 1e-6);
    expectClose(partial!, [1, Math.E ** 2], 1e-6);
    // by x alone, y² + 2 x y²
    const [total] = await values(of(loss, x), inputs);
    expectClose(total!, [1, 3 * Math.E ** 2], 1e-6);
    // what lies behind a value on the way may have no gradient
    const row = f("row", 1, 2);
    const codes = cast(rounded(row), "float32");
    const [dcodes] = of(sumOf(mul(codes, codes)), codes);
    expect(await values([dcodes], [[row, tensor([1, 2], -2, 3)]])).toEqual([[252, 262]]);
  });

  it("of a seed by itself is its cotangent; several seeds add up", async () => {
    const [x, dx] = [f("x", 2), f("dx", 2)];
    expect(gradients([{ value: x, cotangent: dx }], [x])).toEqual([dx]);
    const y = mul(x, x);
    const seeds = [
      { value: y, cotangent: dx },
      { value: sumOf(y), cotangent: scalar(10, x) },
      { value: x, cotangent: dx },
    ];
    // 2 x (dx + 10) + dx
    const inputs = [
      [x, tensor([2], 3, 4)],
      [dx, tensor([2], 1, -1)],
    ] as const;
    expect(await values(gradients(seeds, [x]), inputs)).toEqual([[67, 71]]);
  });

  it("is undefined where the loss does not depend on the value, and through integers", () => {
    const [x, other] = [f("x", 2), f("other", 2)];
    const loss = sumOf(mul(cast(cast(x, "int64"), "float32"), cast(equal(x, x), "float32")));
    expect(of(loss, other, x)).toEqual([undefined, undefined]);
    const ids = input("ids", "int64", ["B"]);
    expect(of(sumOf(gather(f("table", 4, 2), ids)), ids)).toEqual([undefined]);
  });

  it("asks only the operators on the way", () => {
    const [x, w] = [f("x", 2, 4), f("w", 2)];
    const codes = quantizedMatmul(
      rounded(x),
      parameter("codes", "int8", [4, 2]),
      parameter("scale", "float32", [2]),
    );
    expect(of(sumOf(mul(codes, w)), w)[0]?.shape).toEqual([2]);
  });

  it("refuses operators without a gradient, and says what to do", () => {
    const x = f("x", 2, 4);
    const [codes, scale] = [parameter("codes", "int8", [4, 2]), parameter("scale", "float32", [2])];
    const y = quantizedMatmul(rounded(x), codes, scale);
    const message = "quantizedMatmul: it has no gradient; train with float32 weights";
    const refused = expect.objectContaining({ code: "unsupported", message });
    expect(() => of(sumOf(y), scale)).toThrow(refused);
    // x is behind the codes
    expect(() => of(sumOf(y), x)).toThrow(refused);
  });

  it("refuses cotangents of another shape or type, and values that are no floats", () => {
    const x = f("x", "B", 2);
    const wrong = (value: Value, cotangent: Value, message: string): void => {
      const error = expect.objectContaining({ code: "invalid_argument", message });
      expect(() => gradients([{ value, cotangent }], [x])).toThrow(error);
    };
    const y = relu(x);
    wrong(y, f("dy", 2), "gradients: a cotangent is float32 [2], wanted float32 [B, 2]");
    wrong(y, f("dy", "T", 2), "gradients: a cotangent is float32 [T, 2], wanted float32 [B, 2]");
    wrong(y, input("dy", "int64", ["B", 2]), "gradients: a cotangent is int64 [B, 2], wanted float32 [B, 2]");
    wrong(
      cast(x, "int64"),
      f("dy", "B", 2),
      "gradients: a seed is int64 [B, 2]; only float32 values have a gradient",
    );
  });

  it("shares at ties, and is 0 where relu is", async () => {
    const [a, b] = [f("a", 3), f("b", 3)];
    const inputs = [
      [a, tensor([3], 1, 2, 0)],
      [b, tensor([3], 1, 1, 3)],
    ] as const;
    expect(await values(of(sumOf(maximum(a, b)), a, b), inputs)).toEqual([
      [0.5, 1, 0],
      [0.5, 0, 1],
    ]);
    expect(await values(of(sumOf(relu(a)), a), [inputs[0]])).toEqual([[1, 1, 0]]);
    expect(await values(of(reduceMax(b, [0]), b), [inputs[1]])).toEqual([[0, 0, 1]]);
    const same = [[a, tensor([3], 4, 1, 4)]] as const;
    expect(await values(of(reduceMax(a, [0]), a), same)).toEqual([[0.5, 0, 0.5]]);
    expect(await values(of(reduceMin(b, [0]), b), [inputs[1]])).toEqual([[0.5, 0.5, 0]]);
  });

  it("may be differentiated again", async () => {
    const x = f("x", 4);
    const second = (y: Value): Value => of(sumOf(of(sumOf(y), x)[0]!), x)[0]!;
    const at = [-1.5, 0.25, 1, 2];
    const formulas: readonly (readonly [Value, (x: number) => number])[] = [
      [mul(mul(x, x), mul(x, x)), (x) => 12 * x * x],
      [exp(mul(x, x)), (x) => (2 + 4 * x * x) * Math.exp(x * x)],
      [tanh(x), (x) => -2 * Math.tanh(x) * (1 - Math.tanh(x) ** 2)],
    ];
    for (const [y, formula] of formulas) {
      const [got] = await values([second(y)], [[x, tensor([4], ...at)]]);
      expectClose(got!, at.map(formula), 2e-6);
    }
  });

  it("gives the second derivative along a vector of log-sum-exp: (diag p - p pᵀ) v", async () => {
    const [x, v] = [f("x", 3), f("v", 3)];
    // the gradient of log Σ exp(x) is p = softmax(x)
    const product = of(sumOf(mul(softmax(x, 0), v)), x)[0]!;
    const [a, b] = [
      [0.5, -1, 2],
      [1, 2, -0.5],
    ];
    const total = a!.reduce((sum, value) => sum + Math.exp(value), 0);
    const p = a!.map((value) => Math.exp(value) / total);
    const mean = p.reduce((sum, value, nth) => sum + value * b![nth]!, 0);
    const [got] = await values(
      [product],
      [
        [x, tensor([3], ...a!)],
        [v, tensor([3], ...b!)],
      ],
    );
    expectClose(
      got!,
      p.map((value, nth) => value * (b![nth]! - mean)),
      1e-6,
    );
  });

  it("differentiates the sum over the rows of a table again", async () => {
    const table = f("table", 3, 1);
    const ids = input("ids", "int64", ["N"]);
    const rows = gather(table, ids);
    const [first] = of(sumOf(mul(rows, mul(rows, rows))), table); // 3 n x², for a row that is named n times
    const [second] = of(sumOf(mul(first!, table)), table); // of 3 n x³: 9 n x²
    const got = await values(
      [first, second],
      [
        [table, tensor([3, 1], 1, 2, 3)],
        [ids, createTensor("int64", [4], BigInt64Array.of(2n, 0n, 2n, 2n))],
      ],
    );
    expect(got).toEqual([
      [3, 0, 81],
      [9, 0, 243],
    ]);
  });

  it("goes through one row of a table whose other sizes are unknown", () => {
    const x = f("x", 4, "B", "T");
    expect(of(sumOf(gather(x, scalar(2, { dtype: "int64" }))), x)[0]?.shape).toEqual([4, "B", "T"]);
  });

  it("does not recurse: 20,000 operators deep", () => {
    const x = f("x", 1);
    let y = x;
    for (let depth = 0; depth < 20_000; depth++) y = sub(y, x);
    expect(of(sumOf(y), x)[0]?.shape).toEqual([1]);
  });
});
