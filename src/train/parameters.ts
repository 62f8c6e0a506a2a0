/**
 * The numbers that training changes, side by side in one WebAssembly memory: every parameter, and for those that train
 * the gradient and the two moments of the optimizer. ONNX Runtime reads the views in place. Knows no model and no
 * learning rule.
 */

import { messageOf, RetrieveError } from "../std/index.ts";
import type { Shape } from "../tensor/index.ts";
import { createKernels, type Kernels, maximalBytes } from "./kernels.ts";
import { type ArenaTensor, invalid, type Layout, layOut, type Place, STAGED_IDS } from "./layout.ts";

/** Views stay valid as long as anyone holds them. A name that is not there throws `invalid_argument`. */
export interface Arena {
  /** In the order given. */
  readonly names: readonly string[];
  /** The names of those that train, in the order given. */
  readonly trainable: readonly string[];
  /** The routines on this memory, for optimizers: addresses are the `byteOffset` of the views. */
  readonly kernels: Kernels;
  shape(name: string): Shape;
  parameter(name: string): Float32Array;
  gradient(name: string): Float32Array;
  /** Running means of the gradient and of its square; zero at first. */
  moments(name: string): readonly [first: Float32Array, second: Float32Array];
  zeroGradients(): void;
  /** Adds to a gradient numbers from anywhere. */
  addGradient(name: string, values: Float32Array): void;
  /**
   * Adds rows to the gradient of a table [V, H]: rows [n, H], row i at ids[i], in this order. An id may come many
   * times. Throws `invalid_argument` for an id outside the table, before anything is added.
   */
  addGradientRows(name: string, ids: Int32Array, rows: Float32Array): void;
  /** The Euclidean norm of all gradients as one vector, summed in float64. */
  gradientNorm(): number;
  scaleGradients(factor: number): void;
}

/**
 * Room for the tensors, all zero. Memory: 16 bytes a number that trains, 4 a frozen one; at most 4 GB in all.
 *
 * Throws `unsupported` when that is not enough or the system does not give it, `invalid_argument` for a name that
 * comes twice or a shape that is none.
 */
export function createArena(tensors: readonly ArenaTensor[]): Arena {
  const layout = layOut(tensors);
  const { names, trainable, places, stage, part } = layout;
  const kernels = reserve(layout);
  const { buffer } = kernels;
  const staged = new Float32Array(buffer, 0, stage);
  const stagedIds = new Int32Array(buffer, 4 * stage, STAGED_IDS);
  const gradientsAt = layout.start + 4 * part;
  const gradients = new Float32Array(buffer, gradientsAt, part);

  const place = (name: string): Place => {
    const found = places.get(name);
    if (found === undefined) throw invalid(`there is no tensor ${JSON.stringify(name)}`);
    return found;
  };
  const view = (name: string, which: number): Float32Array => {
    const { at, size, trains } = place(name);
    if (which > 0 && !trains) throw invalid(`${name} is frozen: it has no gradient and no moments`);
    return new Float32Array(buffer, at + 4 * part * which, size);
  };
  return {
    names,
    trainable,
    kernels,
    shape: (name) => place(name).shape,
    parameter: (name) => view(name, 0),
    gradient: (name) => view(name, 1),
    moments: (name) => [view(name, 2), view(name, 3)],
    zeroGradients() {
      gradients.fill(0);
    },
    addGradient(name, values) {
      const { byteOffset, length } = view(name, 1);
      if (values.length !== length) throw invalid(`${name} has ${length} numbers, got ${values.length}`);
      for (let from = 0; from < length; from += stage) {
        const some = values.subarray(from, from + stage);
        staged.set(some);
        kernels.add(byteOffset + 4 * from, 0, some.length);
      }
    },
    addGradientRows(name, ids, rows) {
      const table = view(name, 1);
      const width = checkRows(name, place(name).shape, ids, rows);
      const step = Math.min(STAGED_IDS, Math.floor(stage / width));
      for (let from = 0; from < ids.length; from += step) {
        const some = ids.subarray(from, from + step);
        stagedIds.set(some);
        staged.set(rows.subarray(from * width, (from + step) * width));
        kernels.scatterAdd(table.byteOffset, stagedIds.byteOffset, 0, some.length, width);
      }
    },
    gradientNorm: () => Math.sqrt(kernels.sumOfSquares(gradientsAt, part)),
    scaleGradients(factor) {
      kernels.scale(gradientsAt, part, factor);
    },
  };
}

function reserve({ bytes, part, frozen }: Layout): Kernels {
  const counts = `${millions(part)} million numbers that train and ${millions(frozen)} million frozen ones`;
  const wanted = `parameters: ${counts} want ${(bytes / 2 ** 30).toFixed(2)} GB (16 and 4 bytes each)`;
  if (bytes > maximalBytes) {
    throw new RetrieveError(
      "unsupported",
      `${wanted}, and training holds at most 4 GB: 268 million that train. The size of BERT-base (110 million) fits, ` +
        "that of BERT-large (335 million) does not; choose a smaller base model or freeze a part of it",
    );
  }
  try {
    return createKernels(bytes);
  } catch (error) {
    const why = `which this system does not give (${messageOf(error)}); free memory or choose a smaller base model`;
    throw new RetrieveError("unsupported", `${wanted}, ${why}`, { cause: error });
  }
}

function millions(count: number): string {
  return (count / 1e6).toFixed(1);
}

/** The width of the table, once ids and rows fit it. */
function checkRows(name: string, shape: Shape, ids: Int32Array, rows: Float32Array): number {
  const [height = 0, width = 0] = shape;
  if (shape.length !== 2) {
    throw invalid(`${name} has shape [${shape.join(", ")}]; rows are added to tables [V, H] only`);
  }
  if (rows.length !== ids.length * width) {
    throw invalid(
      `${ids.length} ids want ${ids.length} rows of ${width} numbers for ${name}, got ${rows.length} numbers`,
    );
  }
  const wrong = ids.find((id) => id < 0 || id >= height);
  if (wrong !== undefined) throw invalid(`id ${wrong} is outside of ${name}, which has ${height} rows`);
  return width;
}
