/** Numbers with a shape, and the safetensors format. Pure: no input or output. */

export { formatNpyHeader } from "./npy.ts";
export { formatSafetensors, parseSafetensors, type Safetensors, safetensorsParts } from "./safetensors.ts";
export {
  createTensor,
  type DType,
  type Shape,
  type Storage,
  sizeOf,
  type Tensor,
  type TypedArray,
  toFloat32,
} from "./tensor.ts";
