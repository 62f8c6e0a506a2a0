/** Element types and tensors as ONNX writes them: type numbers, little-endian raw data. */

import { type Literal, onnxTypes } from "../graph/index.ts";
import { RetrieveError } from "../std/index.ts";
import { createTensor, type DType, sizeOf, type Tensor } from "../tensor/index.ts";
import { malformed } from "./wire.ts";

const dtypes: ReadonlyMap<number, DType> = new Map(
  Object.entries(onnxTypes).map(([name, number]) => [number, name as DType]), // the keys of a total table
);

/** The element type of an ONNX type number. Throws `unsupported` for those that nothing here uses. */
export function dtypeOf(number: number): DType {
  const dtype = dtypes.get(number);
  if (dtype !== undefined) return dtype;
  const known = [...dtypes].map(([number, name]) => `${number} (${name})`).join(", ");
  throw new RetrieveError("unsupported", `onnx: element type ${number}; known are ${known}`);
}

type Read = (bytes: Uint8Array, shape: readonly number[]) => Tensor;

/** Raw bytes to a tensor; copied, so that elements are aligned. */
const readers: { readonly [Name in DType]: Read } = {
  float32: (bytes, shape) => createTensor("float32", shape, new Float32Array(aligned(bytes, 4))),
  float16: (bytes, shape) => createTensor("float16", shape, new Uint16Array(aligned(bytes, 2))),
  bfloat16: (bytes, shape) => createTensor("bfloat16", shape, new Uint16Array(aligned(bytes, 2))),
  int8: (bytes, shape) => createTensor("int8", shape, new Int8Array(aligned(bytes, 1))),
  uint8: (bytes, shape) => createTensor("uint8", shape, new Uint8Array(aligned(bytes, 1))),
  int32: (bytes, shape) => createTensor("int32", shape, new Int32Array(aligned(bytes, 4))),
  int64: (bytes, shape) => createTensor("int64", shape, new BigInt64Array(aligned(bytes, 8))),
  bool: (bytes, shape) => createTensor("bool", shape, new Uint8Array(aligned(bytes, 1))),
};

/** A tensor of raw little-endian bytes. Throws `invalid_data` when their number is not that of the shape. */
export function fromRaw(dtype: DType, shape: readonly number[], bytes: Uint8Array): Tensor {
  const { BYTES_PER_ELEMENT: width } = readers[dtype](new Uint8Array(0), [0]).data;
  if (bytes.length !== sizeOf(shape) * width) {
    throw malformed(`${dtype}[${shape}] wants ${sizeOf(shape) * width} bytes, got ${bytes.length}`);
  }
  return readers[dtype](bytes, shape);
}

/** The elements as bytes, not copied. ONNX and every machine that Node.js runs on are little-endian. */
export function toRaw({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** A literal as a tensor. */
export function toTensor({ dtype, shape, values }: Literal): Tensor {
  switch (dtype) {
    case "float32":
      return createTensor(dtype, shape, Float32Array.from(values));
    case "int64":
      return createTensor(dtype, shape, BigInt64Array.from(values, BigInt));
    case "int32":
      return createTensor(dtype, shape, Int32Array.from(values));
    case "int8":
      return createTensor(dtype, shape, Int8Array.from(values));
    case "uint8":
    case "bool":
      return createTensor(dtype, shape, Uint8Array.from(values));
    case "float16":
    case "bfloat16":
      throw new RetrieveError("unsupported", `onnx: a ${dtype} constant; write it in float32 and cast`);
  }
}

/** A tensor as a literal. */
export function toLiteral({ dtype, shape, data }: Tensor): Literal {
  return { dtype, shape, values: Array.from(data as ArrayLike<number | bigint>, Number) };
}

function aligned(bytes: Uint8Array, width: number): ArrayBuffer {
  if (bytes.length % width !== 0) throw malformed(`${bytes.length} bytes for elements of ${width}`);
  return Uint8Array.from(bytes).buffer;
}
