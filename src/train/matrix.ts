/** Rows of numbers, one a text. */

/** Row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/** The rows of these numbers, in their order; a row may be picked many times. */
export function pickRows({ columns, data }: Matrix, numbers: readonly number[]): Matrix {
  const picked = new Float32Array(numbers.length * columns);
  for (const [index, row] of numbers.entries()) {
    picked.set(data.subarray(row * columns, (row + 1) * columns), index * columns);
  }
  return { rows: numbers.length, columns, data: picked };
}

/** to[numbers[i]] += factor · from[i], in the order of i. */
export function addRows(to: Matrix, from: Matrix, numbers: readonly number[], factor = 1): void {
  const { columns } = to;
  for (const [index, row] of numbers.entries()) {
    for (let column = 0; column < columns; column++) {
      const place = row * columns + column;
      to.data[place] = (to.data[place] as number) + factor * (from.data[index * columns + column] as number);
    }
  }
}
