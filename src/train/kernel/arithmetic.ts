/**
 * Loops over float32 numbers in linear memory, four at a time, in AssemblyScript. Addresses are in bytes, counts in
 * numbers. What is left over after the fours is computed alone, with the same roundings. The order is fixed, so that
 * equal input gives equal bits on every machine.
 */

/** to[i] += from[i] */
export function add(to: usize, from: usize, count: usize): void {
  const whole = (count & ~3) << 2;
  const bytes = count << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)));
  }
  for (; at < bytes; at += 4) {
    store<f32>(to + at, load<f32>(to + at) + load<f32>(from + at));
  }
}

/** to[i] *= factor */
export function scale(to: usize, count: usize, factor: f32): void {
  const factors = f32x4.splat(factor);
  const whole = (count & ~3) << 2;
  const bytes = count << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    v128.store(to + at, f32x4.mul(v128.load(to + at), factors));
  }
  for (; at < bytes; at += 4) {
    store<f32>(to + at, load<f32>(to + at) * factor);
  }
}

/** The sum of from[i]², in float64, where each square is exact: no overflow, and an error that does not grow. */
export function sumOfSquares(from: usize, count: usize): f64 {
  let lower = f64x2.splat(0);
  let upper = f64x2.splat(0);
  const whole = (count & ~3) << 2;
  const bytes = count << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const four = v128.load(from + at);
    const first = f64x2.promote_low_f32x4(four);
    const last = f64x2.promote_low_f32x4(v128.shuffle<i64>(four, four, 1, 0));
    lower = f64x2.add(lower, f64x2.mul(first, first));
    upper = f64x2.add(upper, f64x2.mul(last, last));
  }
  const both = f64x2.add(lower, upper);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; at < bytes; at += 4) {
    const value = <f64>load<f32>(from + at);
    sum += value * value;
  }
  return sum;
}

/** table[ids[i]] += rows[i], in the order given: table [V, width], ids int32 [count], rows [count, width]. */
export function scatterAdd(table: usize, ids: usize, rows: usize, count: usize, width: usize): void {
  const bytes = width << 2;
  for (let row: usize = 0; row < count; row++) {
    const id = <usize>load<u32>(ids + (row << 2));
    add(table + id * bytes, rows + row * bytes, width);
  }
}
