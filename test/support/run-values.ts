/** Computing values: their graph, as ONNX, in ONNX Runtime. */

import { createGraph, print, type Value, verify } from "#src/graph/index.js";
import { emitModel, parseModel } from "#src/onnx/index.js";
import { openSession } from "#src/runtime/index.js";
import type { Tensor } from "#src/tensor/index.js";

/** What a computation is fed with, by name. */
export interface Feeds {
  readonly inputs: readonly (readonly [Value, Tensor])[];
  readonly parameters?: ReadonlyMap<string, Tensor>;
  readonly threads?: number;
}

/** The values of `outputs`. The graph is verified, and survives the way to ONNX and back. */
export async function runValues(
  outputs: Readonly<Record<string, Value>>,
  { inputs, parameters = new Map(), threads = 1 }: Feeds,
): Promise<Readonly<Record<string, Tensor>>> {
  const graph = createGraph({ inputs: inputs.map(([value]) => value), outputs });
  verify(graph);
  const bytes = emitModel(graph, parameters);
  if (print(parseModel(bytes).graph) !== print(graph)) throw new Error("the graph is another one after ONNX");
  await using session = await openSession(bytes, { threads });
  const feeds = inputs.map(([{ source }, tensor]) => [source.kind === "input" ? source.name : "", tensor]);
  return session.run(Object.fromEntries(feeds));
}
