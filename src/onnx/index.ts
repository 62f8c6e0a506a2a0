/** Graphs as ONNX bytes and back. Pure: knows no files and runs nothing. */

export { emitModel } from "./emit.ts";
export { type Model, parseModel, parseSignature, type Signature } from "./model.ts";
