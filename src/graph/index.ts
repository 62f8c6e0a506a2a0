/** Computation as data: values, the functions on them, and the graph they make. Pure: runs nothing, knows no bytes. */

export {
  add,
  cast,
  concat,
  cumulativeSum,
  div,
  equal,
  erf,
  exp,
  gather,
  gatherElements,
  gelu,
  integers,
  type KeepOption,
  layerNorm,
  log,
  matmul,
  maximum,
  mul,
  neg,
  onesLike,
  quantize,
  quantizedMatmul,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceSum,
  relu,
  reshape,
  scalar,
  scatterAdd,
  softmax,
  sqrt,
  squeeze,
  sub,
  sumTo,
  tanh,
  transpose,
  unsqueeze,
} from "./functions.ts";
export { gradients, type Seed } from "./gradient.ts";
export { createGraph, type Graph, type Node, type Variable } from "./graph.ts";
export type {
  Application,
  AttributeValue,
  Literal,
  OnnxAttribute,
  OnnxForm,
  OnnxView,
  Operator,
  Vjp,
} from "./operator.ts";
export { onnxTypes } from "./operators/elementwise.ts";
export { inOrder } from "./order.ts";
export { print } from "./print.ts";
export { type Dim, type Dims, formatDims, type Type } from "./shape.ts";
export { type Attributes, type OperatorName, operators } from "./table.ts";
export { input, parameter, type Source, type Value } from "./value.ts";
export { verify } from "./verify.ts";
