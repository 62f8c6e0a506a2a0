/**
 * A linear adapter that trains: W and b in an arena, on query vectors of a base that does not. Knows no texts and no
 * files; what is computed, and its gradient, are those of the encoder that opens the result.
 *
 * H hidden
 */

import { addLinearGradient, applyLinear } from "../encoder/index.ts";
import { sizeOf } from "../tensor/index.ts";
import { type Matrix, pickRows } from "./matrix.ts";
import { createArena } from "./parameters.ts";
import type { Trainable } from "./trainable.ts";

export interface LinearTrainableOptions {
  /** The base's vectors of rows; the same for the same row. */
  readonly embed: (rows: readonly Int32Array[]) => Promise<Matrix>;
  readonly dimensions: number;
  /** Whether embeddings have length 1, as they have in the base. */
  readonly normalize: boolean;
  /** Whether `weight` and `bias` move. Default both. */
  readonly trains?: (name: string) => boolean;
}

/** Starts as the identity: W and b are zeros. A vector costs H² products, and as many for its gradient. */
export function createLinearTrainable(options: LinearTrainableOptions): Trainable {
  const { embed, dimensions, normalize, trains = () => true } = options;
  const shapes = { weight: [dimensions, dimensions], bias: [dimensions] };
  const arena = createArena(
    Object.entries(shapes).map(([name, shape]) => ({ name, shape, trainable: trains(name) })),
  );
  const gradientOf = (name: keyof typeof shapes): Float32Array =>
    arena.trainable.includes(name) ? arena.gradient(name) : new Float32Array(sizeOf(shapes[name]));
  const map = { weight: arena.parameter("weight"), bias: arena.parameter("bias"), normalize };
  const gradient = { weight: gradientOf("weight"), bias: gradientOf("bias") };
  const close = async (): Promise<void> => {};
  return {
    arena,
    dimensions,
    async embed(rows) {
      const base = await embed(rows);
      const data = new Float32Array(base.data.length);
      for (let row = 0; row < base.rows; row++) {
        data.set(applyLinear(map, pickRows(base, [row]).data), row * dimensions);
      }
      return { ...base, data };
    },
    async backward(rows, cotangents) {
      const base = await embed(rows);
      for (let row = 0; row < base.rows; row++) {
        const [q, cotangent] = [base, cotangents].map((matrix) => pickRows(matrix, [row]).data);
        if (q !== undefined && cotangent !== undefined) addLinearGradient(map, { q, cotangent }, gradient);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
