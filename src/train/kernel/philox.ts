/**
 * Random bits as a function of a counter and a key, in AssemblyScript: Philox4x32-10 of Salmon, Moraes, Dror and Shaw,
 * Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011), section 3.3. Any part of any stream can be computed alone.
 * Four counters run side by side, one a lane. Addresses are in bytes.
 */

// The multipliers and the steps of the key, from the paper.
const MULTIPLIER_0: u32 = 0xd2511f53;
const MULTIPLIER_1: u32 = 0xcd9e8d57;
const STEP_0: u32 = 0x9e3779b9;
const STEP_1: u32 = 0xbb67ae85;
const ROUNDS = 10;

/**
 * `groups` times 16 words of 32 bits: those of counters (low, high, stream0, stream1), (low + 1, high, …), … one after
 * the other, four words a counter. `low` is a multiple of 4; (low, high) counts as one number of 64 bits.
 */
export function philox(
  to: usize,
  groups: u32,
  low: u32,
  high: u32,
  stream0: u32,
  stream1: u32,
  key0: u32,
  key1: u32,
): void {
  for (let group: u32 = 0; group < groups; group++) {
    writeGroup(to + 64 * <usize>group, low, high, stream0, stream1, key0, key1);
    low += 4;
    if (low === 0) high++;
  }
}

/**
 * `groups` times 32 numbers of a dropout mask, from 16 random words each: a word gives two numbers of 16 bits, the
 * lower one first, and where that is below `threshold` the mask is 0, else `value`.
 */
export function mask(to: usize, words: usize, groups: u32, threshold: u32, value: f32): void {
  const thresholds = i16x8.splat(<i16>threshold);
  const values = f32x4.splat(value);
  const end = words + 64 * <usize>groups;
  for (; words < end; words += 16, to += 32) {
    const kept = i16x8.ge_u(v128.load(words), thresholds);
    v128.store(to, v128.and(i32x4.extend_low_i16x8_s(kept), values));
    v128.store(to, v128.and(i32x4.extend_high_i16x8_s(kept), values), 16);
  }
}

function writeGroup(to: usize, low: u32, high: u32, stream0: u32, stream1: u32, key0: u32, key1: u32): void {
  let w0 = i32x4.add(i32x4.splat(low), i32x4(0, 1, 2, 3));
  let w1 = i32x4.splat(high);
  let w2 = i32x4.splat(stream0);
  let w3 = i32x4.splat(stream1);
  const multiplier0 = i32x4.splat(MULTIPLIER_0);
  const multiplier1 = i32x4.splat(MULTIPLIER_1);
  for (let round = 0; round < ROUNDS; round++) {
    // Products of 64 bits, of lanes 0 and 1 and of lanes 2 and 3.
    const a01 = i64x2.extmul_low_i32x4_u(w0, multiplier0);
    const a23 = i64x2.extmul_high_i32x4_u(w0, multiplier0);
    const b01 = i64x2.extmul_low_i32x4_u(w2, multiplier1);
    const b23 = i64x2.extmul_high_i32x4_u(w2, multiplier1);
    w0 = v128.xor(v128.xor(upperHalves(b01, b23), w1), i32x4.splat(key0));
    w2 = v128.xor(v128.xor(upperHalves(a01, a23), w3), i32x4.splat(key1));
    w1 = lowerHalves(b01, b23);
    w3 = lowerHalves(a01, a23);
    key0 += STEP_0;
    key1 += STEP_1;
  }
  transpose(to, w0, w1, w2, w3);
}

function upperHalves(first: v128, last: v128): v128 {
  return v128.shuffle<i32>(first, last, 1, 3, 5, 7);
}

function lowerHalves(first: v128, last: v128): v128 {
  return v128.shuffle<i32>(first, last, 0, 2, 4, 6);
}

/** Word by word in lanes of counters becomes counter by counter in memory. */
function transpose(to: usize, w0: v128, w1: v128, w2: v128, w3: v128): void {
  const a01 = v128.shuffle<i32>(w0, w1, 0, 4, 1, 5);
  const a23 = v128.shuffle<i32>(w0, w1, 2, 6, 3, 7);
  const b01 = v128.shuffle<i32>(w2, w3, 0, 4, 1, 5);
  const b23 = v128.shuffle<i32>(w2, w3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(a01, b01, 0, 2));
  v128.store(to, v128.shuffle<i64>(a01, b01, 1, 3), 16);
  v128.store(to, v128.shuffle<i64>(a23, b23, 0, 2), 32);
  v128.store(to, v128.shuffle<i64>(a23, b23, 1, 3), 48);
}
