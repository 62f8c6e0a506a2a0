/**
 * Shapes whose sizes may be symbols: `[B, T, 384]`. A symbol is a size that is known when the graph runs; two sizes
 * are equal here only when they are the same number or the same symbol, so that a graph which passes fits every batch.
 */

import type { DType } from "../tensor/index.ts";

/** A size: a number, a symbol (`"B"`), or a product (`"B*T"`). */
export type Dim = number | string;
export type Dims = readonly Dim[];

/** What is known of a value before it is computed. */
export interface Type {
  readonly dtype: DType;
  readonly shape: Dims;
}

/** `[B, T, 384]`, as error messages show it. */
export function formatDims(dims: Dims): string {
  return `[${dims.join(", ")}]`;
}

export function sameDims(left: Dims, right: Dims): boolean {
  return left.length === right.length && left.every((dim, axis) => dim === right[axis]);
}

/** The shape of both after broadcasting, aligned on the right as in NumPy; undefined when they do not fit. */
export function broadcast(left: Dims, right: Dims): Dims | undefined {
  const rank = Math.max(left.length, right.length);
  const joined: Dim[] = [];
  for (let axis = -rank; axis < 0; axis++) {
    const a = left.at(left.length + axis < 0 ? left.length : axis) ?? 1;
    const b = right.at(right.length + axis < 0 ? right.length : axis) ?? 1;
    if (a !== b && a !== 1 && b !== 1) return undefined;
    joined.push(a === 1 ? b : a);
  }
  return joined;
}

/** How many elements a shape has, as a number times its sorted symbols: equal texts are equal counts. */
export function countOf(dims: Dims): string {
  const factors = dims.flatMap((dim) => String(dim).split("*"));
  const isNumber = (factor: string): boolean => /^\d+$/.test(factor);
  const size = factors.filter(isNumber).reduce((product, factor) => product * Number(factor), 1);
  const symbols = factors.filter((factor) => !isNumber(factor)).sort();
  return size === 0 ? "0" : [size, ...symbols].join("*");
}

/** The same as one size: `12`, `B`, `B*T`, `12*B`. */
export function productOf(dims: Dims): Dim {
  const count = countOf(dims);
  return count.includes("*") ? count.replace(/^1\*/, "") : Number(count);
}

/** `axis` counted from the front; negative ones count from the back. Undefined outside of `rank`. */
export function axisOf(axis: number, rank: number): number | undefined {
  const positive = axis < 0 ? axis + rank : axis;
  return Number.isInteger(axis) && positive >= 0 && positive < rank ? positive : undefined;
}
