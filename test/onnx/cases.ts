/**
 * For each operator of the table: random arguments, and the value of each element of the result by a plain formula
 * over indices. The formulas know nothing of the implementation; they are NumPy's definitions, element by element.
 */

import fc from "fast-check";
import * as g from "#src/graph/index.js";
import { createTensor, type DType, type Tensor } from "#src/tensor/index.js";

/** An operator applied to random operands. */
export interface Case {
  readonly operands: readonly Tensor[];
  apply(values: readonly g.Value[]): g.Value;
  /** The element of the result at an index, in float64, from what the operands hold when it is asked for. */
  element(index: readonly number[]): number;
  /** Whether sizes may be symbols when the graph is built. */
  readonly symbolic?: boolean;
}

type Sizes = readonly number[];
type Element = (...elements: number[]) => number;

const size = fc.integer({ min: 1, max: 4 });
const sizes = (min: number, max = 4): fc.Arbitrary<Sizes> =>
  fc.array(size, { minLength: min, maxLength: max });
/** Eighths are exact in float32, and sums of a few products of them too. */
export const eighth = fc.integer({ min: -24, max: 24 }).map((value) => value / 8);
const positive = fc.integer({ min: 1, max: 40 }).map((value) => value / 8);
const whole = fc.integer({ min: -9, max: 9 });

const numbersOf = (tensor: Tensor): number[] => Array.from(tensor.data as ArrayLike<number | bigint>, Number);
const product = (shape: Sizes): number => shape.reduce((count, axis) => count * axis, 1);

function tensorOf(dtype: DType, shape: Sizes, values: readonly number[]): Tensor {
  const make: Partial<Record<DType, () => Tensor>> = {
    float32: () => createTensor("float32", shape, Float32Array.from(values)),
    int64: () => createTensor("int64", shape, BigInt64Array.from(values, BigInt)),
    int8: () => createTensor("int8", shape, Int8Array.from(values)),
    uint8: () => createTensor("uint8", shape, Uint8Array.from(values)),
  };
  return make[dtype]!();
}

export function tensors(
  shape: Sizes,
  values: fc.Arbitrary<number> = eighth,
  dtype: DType = "float32",
): fc.Arbitrary<Tensor> {
  const length = product(shape);
  return fc
    .array(values, { minLength: length, maxLength: length })
    .map((data) => tensorOf(dtype, shape, data));
}

/** The element at an index, aligned on the right; axes of size 1 repeat. */
function at(tensor: Tensor, index: Sizes): number {
  const own = index.slice(index.length - tensor.shape.length);
  const flat = tensor.shape.reduce((sum, axis, place) => sum * axis + (axis === 1 ? 0 : own[place]!), 0);
  return Number(tensor.data[flat]);
}

/** Sizes above 1 as symbols that name them: S3 is 3. Size 1 stays, since it broadcasts. */
export const symbols = (shape: g.Dims): g.Dims => shape.map((size) => (size === 1 ? 1 : `S${size}`));
export const resolve = (shape: g.Dims): number[] =>
  shape.map((dim) => (typeof dim === "number" ? dim : Number(dim.slice(1))));

/** Every index of a shape, in row-major order. */
export function indices(shape: Sizes): number[][] {
  return shape.reduce<number[][]>(
    (all, size) => all.flatMap((index) => range(size).map((place) => [...index, place])),
    [[]],
  );
}

/** Two shapes that broadcast: one with some sizes set to 1, one with some axes in front left out. */
const broadcastable: fc.Arbitrary<readonly [Sizes, Sizes]> = sizes(0, 3).chain((shape) =>
  fc
    .tuple(
      fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
      fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
      fc.integer({ min: 0, max: shape.length }),
      fc.boolean(),
    )
    .map(([left, right, drop, swap]) => {
      const a = shape.map((axis, place) => (left[place] ? 1 : axis));
      const b = shape.map((axis, place) => (right[place] ? 1 : axis)).slice(drop);
      return swap ? [b, a] : [a, b];
    }),
);

export function binary(
  apply: (a: g.Value, b: g.Value) => g.Value,
  element: Element,
  { values = eighth, others = undefined as typeof values | undefined, dtype = "float32" as DType } = {},
): fc.Arbitrary<Case> {
  return broadcastable
    .chain(([a, b]) => fc.tuple(tensors(a, values, dtype), tensors(b, others ?? values, dtype)))
    .map((operands) => ({
      operands,
      apply: ([a, b]) => apply(a!, b!),
      element: (index) => element(at(operands[0], index), at(operands[1], index)),
      symbolic: true,
    }));
}

export function unary(
  apply: (x: g.Value) => g.Value,
  element: Element,
  { values = eighth, dtype = "float32" as DType } = {},
): fc.Arbitrary<Case> {
  return sizes(0)
    .chain((shape) => tensors(shape, values, dtype))
    .map((x) => ({
      operands: [x],
      apply: ([value]) => apply(value!),
      element: (index) => element(at(x, index)),
      symbolic: true,
    }));
}

/** erf by its series, 2/√π Σ (-1)ⁿ x²ⁿ⁺¹ / (n! (2n+1)); exact to 1e-12 for |x| <= 3.5. */
export function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 100; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const ofAxis = (shape: Sizes): fc.Arbitrary<number> =>
  fc.integer({ min: -shape.length, max: shape.length - 1 });
const fromFront = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

/** The elements along an axis, the others fixed. */
function along(x: Tensor, axis: number, index: Sizes): number[] {
  return range(x.shape[axis]!).map((place) => at(x, index.with(axis, place)));
}

export function alongAxis(
  apply: (x: g.Value, axis: number) => g.Value,
  element: (line: number[], place: number) => number,
  { values = eighth, dtype = "float32" as DType } = {},
): fc.Arbitrary<Case> {
  return sizes(1)
    .chain((shape) => fc.tuple(tensors(shape, values, dtype), ofAxis(shape)))
    .map(([x, axis]) => {
      const front = fromFront(axis, x.shape.length);
      return {
        operands: [x],
        apply: ([value]) => apply(value!, axis),
        element: (index) => element(along(x, front, index), index[front]!),
        symbolic: true,
      };
    });
}

export function reduction(
  apply: (x: g.Value, axes: readonly number[], options: { keep: boolean }) => g.Value,
  element: (values: number[]) => number,
  operand: (shape: Sizes) => fc.Arbitrary<Tensor> = tensors,
): fc.Arbitrary<Case> {
  return sizes(1)
    .chain((shape) =>
      fc.tuple(
        operand(shape),
        fc.subarray(range(shape.length), { minLength: 1 }),
        fc.boolean(),
        fc.boolean(),
      ),
    )
    .map(([x, axes, keep, negative]) => ({
      operands: [x],
      apply: ([value]) =>
        apply(
          value!,
          axes.map((axis) => (negative ? axis - x.shape.length : axis)),
          { keep },
        ),
      element: (index) => {
        const full = keep ? index : axes.reduce<Sizes>((wide, axis) => wide.toSpliced(axis, 0, 0), index);
        return element(
          axes
            .reduce<Sizes[]>(
              (all, axis) =>
                all.flatMap((one) => range(x.shape[axis]!).map((place) => one.with(axis, place))),
              [full],
            )
            .map((one) => at(x, one)),
        );
      },
      symbolic: true,
    }));
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const roundHalfEven = (x: number): number => {
  const low = Math.floor(x);
  return x - low === 0.5 ? low + (Math.abs(low) % 2) : Math.round(x);
};

const matrices: fc.Arbitrary<readonly [Tensor, Tensor]> = fc
  .tuple(broadcastable, size, size, size)
  .chain(([[a, b], m, k, n]) => fc.tuple(tensors([...a, m, k]), tensors([...b, k, n])));

/** Data, places of its rows along an axis, that axis, and updates. */
const placed: fc.Arbitrary<readonly [Tensor, Tensor, number, Tensor]> = fc
  .tuple(sizes(1, 3), size)
  .chain(([shape, count]) => fc.tuple(fc.constant(shape), fc.constant(count), ofAxis(shape)))
  .chain(([shape, count, axis]) => {
    const others = shape.with(axis, count);
    const rows = fc.integer({ min: 0, max: shape.at(axis)! - 1 });
    return fc.tuple(tensors(shape), tensors(others, rows, "int64"), fc.constant(axis), tensors(others));
  });

/** One entry for each operator: a new operator without one does not compile. */
export const cases: { readonly [Name in g.OperatorName]: fc.Arbitrary<Case> } = {
  add: binary(g.add, (a, b) => a + b),
  cast: unary((x) => g.cast(x, "int64"), Math.trunc),
  concat: fc
    .tuple(sizes(1), size)
    .chain(([shape, other]) => fc.tuple(ofAxis(shape), fc.constant(shape), fc.constant(other)))
    .chain(([axis, shape, other]) =>
      fc.tuple(fc.constant(axis), tensors(shape), tensors(shape.with(axis, other))),
    )
    .map(([axis, a, b]) => ({
      operands: [a, b],
      apply: ([x, y]) => g.concat(x!, y!, axis),
      element: (index) => {
        const front = fromFront(axis, index.length);
        const place = index[front]! - a.shape[front]!;
        return place < 0 ? at(a, index) : at(b, index.with(front, place));
      },
    })),
  constant: fc.tuple(eighth, eighth).map(([value, other]) => ({
    operands: [tensorOf("float32", [], [other])],
    apply: ([x]) => g.add(g.scalar(value, x!), x!),
    element: () => value + other,
  })),
  cumulativeSum: alongAxis(g.cumulativeSum, (line, place) => sum(line.slice(0, place + 1)), {
    values: whole,
    dtype: "int64",
  }),
  div: binary(g.div, (a, b) => a / b, { values: positive }),
  equal: binary(g.equal, (a, b) => Number(a === b), {
    values: fc.integer({ min: 0, max: 2 }),
    dtype: "int64",
  }),
  erf: unary(g.erf, erf),
  exp: unary(g.exp, Math.exp),
  gather: fc
    .tuple(sizes(1, 3), sizes(0, 2))
    .chain(([shape, indices]) => fc.tuple(fc.constant(shape), fc.constant(indices), ofAxis(shape)))
    .chain(([shape, indices, axis]) => {
      const places = fc.integer({ min: 0, max: shape.at(axis)! - 1 });
      return fc.tuple(tensors(shape), tensors(indices, places, "int64"), fc.constant(axis));
    })
    .map(([data, indices, axis]) => ({
      operands: [data, indices],
      apply: ([x, y]) => g.gather(x!, y!, axis),
      element: (index) => {
        const front = fromFront(axis, data.shape.length);
        const place = at(indices, index.slice(front, front + indices.shape.length));
        return at(data, index.toSpliced(front, indices.shape.length, place));
      },
      symbolic: true,
    })),
  gatherElements: placed.map(([data, places, axis]) => ({
    operands: [data, places],
    apply: ([x, y]) => g.gatherElements(x!, y!, axis),
    element: (index) => at(data, index.with(fromFront(axis, index.length), at(places, index))),
    symbolic: true,
  })),
  gelu: fc.boolean().chain((tanh) =>
    unary(
      (x) => g.gelu(x, tanh ? "tanh" : "none"),
      (x) =>
        tanh
          ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
          : 0.5 * x * (1 + erf(x / Math.SQRT2)),
    ),
  ),
  layerNorm: fc
    .tuple(sizes(0, 3), size)
    .chain(([front, width]) =>
      fc.tuple(tensors([...front, width]), tensors([width]), tensors([width]), positive),
    )
    .map(([x, weight, bias, epsilon]) => ({
      operands: [x, weight, bias],
      apply: ([value, w, b]) => g.layerNorm(value!, w!, b!, epsilon),
      element: (index) => {
        const line = along(x, index.length - 1, index);
        const variance = mean(line.map((value) => (value - mean(line)) ** 2));
        const scaled = (at(x, index) - mean(line)) / Math.sqrt(variance + epsilon);
        return scaled * at(weight, index.slice(-1)) + at(bias, index.slice(-1));
      },
      symbolic: true,
    })),
  log: unary(g.log, Math.log, { values: positive }),
  matmul: matrices.map(([a, b]) => ({
    operands: [a, b],
    apply: ([x, y]) => g.matmul(x!, y!),
    element: (index) => {
      const [front, m, n] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
      return sum(range(a.shape.at(-1)!).map((k) => at(a, [...front, m, k]) * at(b, [...front, k, n])));
    },
    symbolic: true,
  })),
  maximum: binary(g.maximum, Math.max),
  mul: binary(g.mul, (a, b) => a * b),
  neg: unary(g.neg, (x) => -x, { values: whole, dtype: "int64" }),
  quantize: fc
    .tuple(sizes(1, 3), fc.integer({ min: 1, max: 40 }))
    .chain(([front, k]) =>
      fc.tuple(
        tensors(
          [...front, k],
          fc.integer({ min: -600, max: 600 }).map((value) => value / 4),
        ),
        tensors([...front, 1], fc.constantFrom(0.5, 1, 2)), // quotients are exact, so that halves are halves
        tensors([...front, 1], fc.integer({ min: 0, max: 255 }), "uint8"),
      ),
    )
    .map(([x, scale, zero]) => ({
      operands: [x, scale, zero],
      apply: ([a, b, c]) => g.quantize(a!, b!, c!),
      element: (index) => {
        const code = roundHalfEven(at(x, index) / at(scale, index)) + at(zero, index);
        return Math.min(255, Math.max(0, code));
      },
    })),
  quantizedMatmul: fc
    .tuple(sizes(0, 2), size, fc.integer({ min: 1, max: 40 }), size)
    .chain(([front, m, k, n]) =>
      fc.tuple(
        tensors([...front, m, k], fc.integer({ min: 0, max: 255 }), "uint8"),
        tensors([k, n], fc.integer({ min: -64, max: 63 }), "int8"),
        tensors([n], positive),
      ),
    )
    .map(([codes, weight, scale]) => ({
      operands: [codes, weight, scale],
      apply: ([a, b, c]) => g.quantizedMatmul(a!, b!, c!),
      element: (index) => {
        const n = index.at(-1)!;
        const terms = range(codes.shape.at(-1)!).map(
          (k) => (at(codes, [...index.slice(0, -1), k]) - 128) * at(weight, [k, n]),
        );
        return sum(terms) * at(scale, [n]);
      },
      symbolic: true,
    })),
  reduceMax: reduction(g.reduceMax, (values) => Math.max(...values)),
  reduceMean: reduction(g.reduceMean, mean),
  reduceMin: reduction(g.reduceMin, (values) => Math.min(...values)),
  reduceSum: reduction(g.reduceSum, sum),
  relu: unary(g.relu, (x) => Math.max(0, x)),
  reshape: sizes(0)
    .chain((shape) => fc.tuple(tensors(shape), fc.boolean()))
    .map(([x, flat]) => {
      const to = flat ? [product(x.shape)] : [1, ...x.shape.toReversed()];
      return {
        operands: [x],
        apply: ([value]) => g.reshape(value!, to),
        element: (index) => numbersOf(x)[to.reduce((place, axis, nth) => place * axis + index[nth]!, 0)]!,
      };
    }),
  softmax: alongAxis(g.softmax, (line, place) => Math.exp(line[place]!) / sum(line.map(Math.exp))),
  scatterAdd: placed.map(([data, places, axis, updates]) => ({
    operands: [data, places, updates],
    apply: ([x, y, z]) => g.scatterAdd(x!, y!, z!, axis),
    element: (index) => {
      const front = fromFront(axis, index.length);
      const named = range(places.shape[front]!)
        .map((nth) => index.with(front, nth))
        .filter((place) => at(places, place) === index[front]);
      return at(data, index) + sum(named.map((place) => at(updates, place)));
    },
    symbolic: true,
  })),
  sqrt: unary(g.sqrt, Math.sqrt, { values: positive }),
  squeeze: sizes(0, 2)
    .chain((shape) => tensors([1, ...shape, 1]))
    .map((x) => ({
      operands: [x],
      apply: ([value]) => g.squeeze(value!, [0, -1]),
      element: (index) => at(x, [0, ...index, 0]),
      symbolic: true,
    })),
  sub: binary(g.sub, (a, b) => a - b),
  tanh: unary(g.tanh, Math.tanh),
  transpose: sizes(1)
    .chain((shape) =>
      fc.tuple(tensors(shape), fc.shuffledSubarray(range(shape.length), { minLength: shape.length })),
    )
    .map(([x, permutation]) => ({
      operands: [x],
      apply: ([value]) => g.transpose(value!, permutation),
      element: (index) =>
        at(
          x,
          range(index.length).map((axis) => index[permutation.indexOf(axis)]!),
        ),
      symbolic: true,
    })),
  unsqueeze: sizes(1, 2)
    .chain((shape) => tensors(shape))
    .map((x) => ({
      operands: [x],
      apply: ([value]) => g.unsqueeze(value!, [1, -1]),
      element: (index) => at(x, index.toSpliced(1, 1).slice(0, -1)),
      symbolic: true,
    })),
};
