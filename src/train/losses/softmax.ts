/** Sums of exponentials that neither overflow nor vanish: every exponent is at most 0. */

/** log Σ exp x; an entry of -Infinity counts nothing, and the sum over nothing is -Infinity. */
export function logSumExp(values: Float64Array): number {
  const largest = maximum(values);
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - largest);
  return largest + Math.log(sum);
}

/** log(exp a + exp b), for a finite `a`. */
export function logAddExp(a: number, b: number): number {
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/** log softmax(values / temperature) */
export function logSoftmax(values: ArrayLike<number>, temperature: number): Float64Array {
  const scaled = Float64Array.from(values, (value) => value / temperature);
  const total = logSumExp(scaled);
  return scaled.map((value) => value - total);
}

function maximum(values: Float64Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > largest) largest = value;
  return largest;
}
