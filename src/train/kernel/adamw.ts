/**
 * One step of AdamW over one tensor, in AssemblyScript: Loshchilov and Hutter, Decoupled Weight Decay Regularization
 * (2019), algorithm 2, with the operations in the order of torch.optim.AdamW. Addresses are in bytes.
 */

/**
 * For each of `count` numbers, p the parameter, g its gradient, m and v its moments:
 *
 *     p = p · keep                            keep = 1 - learning rate · weight decay
 *     m = m + (g - m) · rest1                 rest1 = 1 - β1
 *     v = v · β2 + rest2 · g · g              rest2 = 1 - β2
 *     p = p - rate · m / (√v / root + ε)      rate = learning rate / (1 - β1^t), root = √(1 - β2^t)
 */
export function adamw(
  parameter: usize,
  gradient: usize,
  first: usize,
  second: usize,
  count: usize,
  keep: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  root: f32,
  epsilon: f32,
  rate: f32,
): void {
  const whole = (count & ~3) << 2;
  const bytes = count << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const g = v128.load(gradient + at);
    let m = v128.load(first + at);
    let v = v128.load(second + at);
    m = f32x4.add(m, f32x4.mul(f32x4.sub(g, m), f32x4.splat(rest1)));
    v = f32x4.add(f32x4.mul(v, f32x4.splat(beta2)), f32x4.mul(f32x4.mul(f32x4.splat(rest2), g), g));
    v128.store(first + at, m);
    v128.store(second + at, v);
    const size = f32x4.add(f32x4.div(f32x4.sqrt(v), f32x4.splat(root)), f32x4.splat(epsilon));
    const change = f32x4.div(f32x4.mul(f32x4.splat(rate), m), size);
    v128.store(parameter + at, f32x4.sub(f32x4.mul(v128.load(parameter + at), f32x4.splat(keep)), change));
  }
  for (; at < bytes; at += 4) {
    const g = load<f32>(gradient + at);
    let m = load<f32>(first + at);
    let v = load<f32>(second + at);
    m = m + (g - m) * rest1;
    v = v * beta2 + rest2 * g * g;
    store<f32>(first + at, m);
    store<f32>(second + at, v);
    const change = (rate * m) / (sqrt<f32>(v) / root + epsilon);
    store<f32>(parameter + at, load<f32>(parameter + at) * keep - change);
  }
}
