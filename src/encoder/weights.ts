/** The weights of a checkpoint under the names and in the types that the graph asks for. Pure. */

import { RetrieveError } from "../std/index.ts";
import { createTensor, type Tensor, toFloat32 } from "../tensor/index.ts";
import { scaleName, wordTable } from "./quantization.ts";

/** A parameter that the graph needs: `shape` is all numbers. */
export interface Wanted {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

/**
 * The weights without the prefix of the checkpoint (`bert.`, `roberta.`, `model.`…), old names renewed, in the types
 * of the file. What is not part of the encoder, such as a language-modelling head, is dropped.
 */
export function stripPrefix(tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const table = [...tensors.keys()].find((name) => name.endsWith(wordTable));
  if (table === undefined) {
    const some = [...tensors.keys()].slice(0, 3).join(", ");
    throw new RetrieveError("invalid_data", `weights: no tensor ends in ${wordTable}; got ${some}, …`);
  }
  const prefix = table.slice(0, table.length - wordTable.length);
  const renewed = (name: string): string =>
    name.replace(/LayerNorm\.gamma$/, "LayerNorm.weight").replace(/LayerNorm\.beta$/, "LayerNorm.bias");
  return new Map(
    [...tensors].flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[renewed(name.slice(prefix.length)), tensor] as const] : [],
    ),
  );
}

/** The names among `weights` that are stored as int8 with their scales. */
export function int8Names(weights: ReadonlyMap<string, Tensor>): ReadonlySet<string> {
  const isInt8 = (name: string): boolean =>
    weights.get(name)?.dtype === "int8" && weights.has(scaleName(name));
  return new Set([...weights.keys()].filter(isInt8));
}

/**
 * Exactly the parameters of the graph, float32 except those named in `int8`. Halves convert here; float32 and int8
 * stay views of the file. Throws `invalid_data` that lists what is missing or has another shape.
 */
export function selectWeights(
  weights: ReadonlyMap<string, Tensor>,
  wanted: readonly Wanted[],
  int8: ReadonlySet<string>,
): ReadonlyMap<string, Tensor> {
  const faults: string[] = [];
  const selected = new Map<string, Tensor>();
  for (const { name, shape } of wanted) {
    const weight = weights.get(name);
    if (weight === undefined) faults.push(`${name} is missing`);
    else if (!sameShape(weight.shape, shape)) faults.push(`${name} is [${weight.shape}], wanted [${shape}]`);
    else selected.set(name, int8.has(name) ? weight : asFloat32(weight));
  }
  if (faults.length === 0) return selected;
  const more = faults.length > 8 ? `; and ${faults.length - 8} more` : "";
  const listed = faults.slice(0, 8).join("; ");
  throw new RetrieveError("invalid_data", `weights do not fit config.json: ${listed}${more}`);
}

function asFloat32(weight: Tensor): Tensor {
  return weight.dtype === "float32" ? weight : createTensor("float32", weight.shape, toFloat32(weight));
}

function sameShape(left: readonly number[], right: readonly (number | string)[]): boolean {
  return left.length === right.length && left.every((size, axis) => size === right[axis]);
}
