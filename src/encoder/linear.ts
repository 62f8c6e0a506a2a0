/** The linear adapter on a vector: what it computes, and its gradient. Pure. H hidden. */

export interface LinearMap {
  readonly weight: Float32Array /* [H, H] */;
  readonly bias: Float32Array /* [H] */;
  /** Whether results have length 1. */
  readonly normalize: boolean;
}

/** x / |x| for x = q + W q + b, or x itself. Zeros for W and b give q back. Sums in float64. */
export function applyLinear(map: LinearMap, q: Float32Array): Float32Array {
  const x = mapped(map, q);
  const length = map.normalize ? lengthOf(x) : 1;
  return Float32Array.from(x, (value) => value / length);
}

/**
 * Adds to the gradients of W and b what a cotangent of the result of {@link applyLinear} gives:
 *
 *   dx = (c - y <c, y>) / |x| for y = x / |x|,  dW += dx qᵀ,  db += dx
 */
export function addLinearGradient(
  map: LinearMap,
  { q, cotangent }: { readonly q: Float32Array; readonly cotangent: Float32Array },
  gradient: Pick<LinearMap, "weight" | "bias">,
): void {
  const x = mapped(map, q);
  const length = map.normalize ? lengthOf(x) : 1;
  const along = map.normalize ? dot(cotangent, x) / length ** 2 : 0;
  const { weight, bias } = gradient;
  const width = q.length;
  for (let row = 0; row < width; row++) {
    const dx = ((cotangent[row] as number) - along * (x[row] as number)) / length;
    bias[row] = (bias[row] as number) + dx;
    for (let column = 0, at = row * width; column < width; column++, at++) {
      weight[at] = (weight[at] as number) + dx * (q[column] as number);
    }
  }
}

/** q + W q + b */
function mapped({ weight, bias }: LinearMap, q: Float32Array): Float64Array {
  const width = q.length;
  return Float64Array.from(q, (value, row) => {
    let sum = value + (bias[row] as number);
    for (let column = 0, at = row * width; column < width; column++, at++) {
      sum += (weight[at] as number) * (q[column] as number);
    }
    return sum;
  });
}

/** As `normalize` of `pooling.ts`: a vector of zeros stays one. */
function lengthOf(x: Float64Array): number {
  return Math.max(Math.sqrt(dot(x, x)), 1e-12);
}

function dot(left: Float32Array | Float64Array, right: Float64Array): number {
  return right.reduce((sum, value, at) => sum + value * (left[at] as number), 0);
}
