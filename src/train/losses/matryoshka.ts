/** Matryoshka: any loss, on the first dimensions of the embeddings as well as on all of them. */

import { RetrieveError } from "../../std/index.ts";
import type { Matrix } from "../matrix.ts";
import { checkBatch, type Loss } from "./loss.ts";
import { weightedSum } from "./weighted.ts";

export interface MatryoshkaPart {
  /** How many of the first dimensions. */
  readonly dimensions: number;
  readonly weight: number;
}

/**
 * L = Σ weight · loss(y)      y = x[0 … dimensions - 1] / |x[0 … dimensions - 1]|
 *
 * of every query and key x, so that a shortened embedding is worth keeping. Source: Kusupati et al. 2022
 * (arXiv 2205.13147), equation 1. Cost: one evaluation of the loss a part.
 *
 * Throws `invalid_argument` for no parts, dimensions that the embeddings lack, and an embedding whose first dimensions
 * are all 0.
 */
export function matryoshka(loss: Loss, parts: readonly MatryoshkaPart[]): Loss {
  if (parts.length === 0) throw refusal("no dimensions given; give at least one length");
  return (batch) => {
    checkBatch("matryoshka", batch);
    const results = parts.map(({ dimensions, weight }) => {
      const queries = shorten(batch.queries, dimensions);
      const keys = shorten(batch.keys, dimensions);
      const { value, queryGradient, keyGradient } = loss({
        ...batch,
        queries: queries.unit,
        keys: keys.unit,
      });
      const result = {
        value,
        queryGradient: queries.pullBack(queryGradient),
        keyGradient: keys.pullBack(keyGradient),
      };
      return { result, weight };
    });
    return weightedSum(results);
  };
}

/** The first dimensions of each row at length 1, and the way back of a gradient. */
interface Shortened {
  readonly unit: Matrix;
  /** From d/dy [rows, dimensions] to d/dx [rows, columns]: dx = (dy - y <y, dy>) / |x|, 0 beyond `dimensions`. */
  pullBack(gradient: Float32Array): Float32Array;
}

function shorten({ rows, columns, data }: Matrix, dimensions: number): Shortened {
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > columns) {
    throw refusal(`${dimensions} dimensions wanted of embeddings that have ${columns}`);
  }
  const unit = new Float32Array(rows * dimensions);
  const lengths = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const x = data.subarray(row * columns, row * columns + dimensions);
    const length = Math.sqrt(dot(x, x));
    if (length === 0) throw refusal(`the first ${dimensions} dimensions of an embedding are all 0`);
    lengths[row] = length;
    unit.set(
      x.map((number) => number / length),
      row * dimensions,
    );
  }
  const pullBack = (gradient: Float32Array): Float32Array => {
    const result = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      const y = unit.subarray(row * dimensions, (row + 1) * dimensions);
      const dy = gradient.subarray(row * dimensions, (row + 1) * dimensions);
      const along = dot(y, dy);
      const dx = dy.map((slope, at) => (slope - (y[at] as number) * along) / (lengths[row] as number));
      result.set(dx, row * columns);
    }
    return result;
  };
  return { unit: { rows, columns: dimensions, data: unit }, pullBack };
}

function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += (left[at] as number) * (right[at] as number);
  return sum;
}

function refusal(fault: string): RetrieveError {
  return new RetrieveError("invalid_argument", `matryoshka: ${fault}`);
}
