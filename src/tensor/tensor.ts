/** Numbers with a shape. Knows nothing of computation: see `graph` for what is done with them. */

import { RetrieveError } from "../std/index.ts";

/** What holds the elements of each type. Half-precision floats are kept as their 16 bits. */
export interface Storage {
  readonly float32: Float32Array;
  readonly float16: Uint16Array;
  readonly bfloat16: Uint16Array;
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly bool: Uint8Array;
}

export type DType = keyof Storage;
export type TypedArray = Storage[DType];

/** Sizes of the axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Elements in row-major order. Narrowing `dtype` narrows `data`. */
export type Tensor<Type extends DType = DType> = {
  readonly [Name in Type]: { readonly dtype: Name; readonly shape: Shape; readonly data: Storage[Name] };
}[Type];

/** A tensor over `data`, not copied. Throws `invalid_argument` when `shape` and the number of elements differ. */
export function createTensor<Type extends DType>(
  dtype: Type,
  shape: Shape,
  data: Storage[Type],
): { readonly dtype: Type; readonly shape: Shape; readonly data: Storage[Type] } {
  if (sizeOf(shape) !== data.length) {
    throw new RetrieveError(
      "invalid_argument",
      `tensor: shape [${shape.join(", ")}] wants ${sizeOf(shape)} elements, got ${data.length}`,
    );
  }
  return { dtype, shape, data };
}

/** How many elements a shape has. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((size, axis) => size * axis, 1);
}

/** The elements as float32: the same array when they are, else a new one. Halves convert exactly. */
export function toFloat32(tensor: Tensor): Float32Array {
  switch (tensor.dtype) {
    case "float32":
      return tensor.data;
    case "float16":
      return fromHalves(tensor.data, float16Bits);
    case "bfloat16":
      return fromHalves(tensor.data, (half) => half << 16);
    case "int64":
      return Float32Array.from(tensor.data, Number);
    default:
      return Float32Array.from(tensor.data);
  }
}

function fromHalves(halves: Uint16Array, toBits: (half: number) => number): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let at = 0; at < halves.length; at++) bits[at] = toBits(halves[at] as number);
  return new Float32Array(bits.buffer);
}

/** IEEE 754 binary16 to the bits of binary32: sign 1, exponent 5 (bias 15), fraction 10. */
function float16Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13); // infinity, NaN
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  const shift = Math.clz32(fraction) - 21; // a subnormal becomes normal: 24 more exponents are there
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}
