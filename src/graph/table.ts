/**
 * The table of operators. It is total: an operator without a row, or a row without a part, does not compile.
 *
 * To add an operator: its definition in `operators/`, a line in `Attributes`, a line in `operators`, and a function in
 * `functions.ts`.
 */

import type { NoAttributes, Operator } from "./operator.ts";
import * as elementwise from "./operators/elementwise.ts";
import * as layout from "./operators/layout.ts";
import * as linear from "./operators/linear.ts";
import * as reduce from "./operators/reduce.ts";

/** The settings of each operator; the keys are the closed list of operators. */
export interface Attributes {
  readonly add: NoAttributes;
  readonly cast: elementwise.CastAttributes;
  readonly concat: layout.ConcatAttributes;
  readonly constant: layout.ConstantAttributes;
  readonly cumulativeSum: reduce.AxisAttributes;
  readonly div: NoAttributes;
  readonly equal: NoAttributes;
  readonly erf: NoAttributes;
  readonly exp: NoAttributes;
  readonly gather: linear.GatherAttributes;
  readonly gatherElements: linear.GatherAttributes;
  readonly gelu: elementwise.GeluAttributes;
  readonly layerNorm: reduce.LayerNormAttributes;
  readonly log: NoAttributes;
  readonly matmul: NoAttributes;
  readonly maximum: NoAttributes;
  readonly mul: NoAttributes;
  readonly neg: NoAttributes;
  readonly quantize: NoAttributes;
  readonly quantizedMatmul: NoAttributes;
  readonly reduceMax: reduce.ReduceAttributes;
  readonly reduceMean: reduce.ReduceAttributes;
  readonly reduceMin: reduce.ReduceAttributes;
  readonly reduceSum: reduce.ReduceAttributes;
  readonly relu: NoAttributes;
  readonly reshape: layout.ReshapeAttributes;
  readonly scatterAdd: linear.GatherAttributes;
  readonly softmax: reduce.AxisAttributes;
  readonly sqrt: NoAttributes;
  readonly squeeze: layout.AxesAttributes;
  readonly sub: NoAttributes;
  readonly tanh: NoAttributes;
  readonly transpose: layout.TransposeAttributes;
  readonly unsqueeze: layout.AxesAttributes;
}

export type OperatorName = keyof Attributes;

export const operators: { readonly [Name in OperatorName]: Operator<Attributes[Name]> } = {
  add: elementwise.add,
  cast: elementwise.cast,
  concat: layout.concat,
  constant: layout.constant,
  cumulativeSum: reduce.cumulativeSum,
  div: elementwise.div,
  equal: elementwise.equal,
  erf: elementwise.erf,
  exp: elementwise.exp,
  gather: linear.gather,
  gatherElements: linear.gatherElements,
  gelu: elementwise.gelu,
  layerNorm: reduce.layerNorm,
  log: elementwise.log,
  matmul: linear.matmul,
  maximum: elementwise.maximum,
  mul: elementwise.mul,
  neg: elementwise.neg,
  quantize: linear.quantize,
  quantizedMatmul: linear.quantizedMatmul,
  reduceMax: reduce.reduceMax,
  reduceMean: reduce.reduceMean,
  reduceMin: reduce.reduceMin,
  reduceSum: reduce.reduceSum,
  relu: elementwise.relu,
  reshape: layout.reshape,
  scatterAdd: linear.scatterAdd,
  softmax: reduce.softmax,
  sqrt: elementwise.sqrt,
  squeeze: layout.squeeze,
  sub: elementwise.sub,
  tanh: elementwise.tanh,
  transpose: layout.transpose,
  unsqueeze: layout.unsqueeze,
};
