/**
 * Queries through an adapter: the base's vectors after a linear map, or a second transformer whose matrices have the
 * low-rank adapters in them. Documents do not come here.
 *
 * H hidden
 */

import { emitModel } from "../onnx/index.ts";
import { RetrieveError } from "../std/index.ts";
import { type Tensor, toFloat32 } from "../tensor/index.ts";
import type { AdapterFolder } from "./adapter.ts";
import type { ModelFolder } from "./folder.ts";
import { applyLinear, type LinearMap } from "./linear.ts";
import { mergeAdapters } from "./low-rank.ts";
import { createRunner, type Runner, type RunnerOptions } from "./runner.ts";
import { buildTransformer } from "./transformer.ts";
import { readFloat32 } from "./weights-file.ts";

/**
 * The runner of queries. A linear one runs the base's; a low-rank one opens its own with the first query, in float32
 * whatever the base is stored as. Throws `invalid_data` for tensors that do not fit the base.
 */
export function adaptRunner(
  adapter: AdapterFolder,
  { folder, runner }: { readonly folder: ModelFolder; readonly runner: Runner },
  options: RunnerOptions,
): Runner {
  if (adapter.kind === "linear") {
    const map = linearOf(adapter, folder);
    const run: Runner["run"] = async (rows) => {
      const vectors = await runner.run(rows);
      return vectors.map((vector) => applyLinear(map, vector));
    };
    return { ...runner, run };
  }
  checkLowRank(adapter, folder);
  return openedLater(runner.lanes, async () => {
    const graph = buildTransformer(folder.config, folder.settings);
    const onnx = emitModel(graph, await adaptedWeights(adapter, folder));
    const { hidden, paddingId } = folder.config;
    return createRunner({ onnx, pooling: undefined }, hidden, paddingId, options);
  });
}

/** The float32 weights of the base with the low-rank adapters in them. */
export async function adaptedWeights(
  { tensors, scale = 1 }: AdapterFolder,
  folder: ModelFolder,
): Promise<ReadonlyMap<string, Tensor>> {
  const { weights } = await readFloat32(folder);
  return mergeAdapters(new Map([...weights, ...tensors]), { scale });
}

function linearOf({ path, tensors }: AdapterFolder, { config, settings }: ModelFolder): LinearMap {
  const { hidden } = config;
  const read = (name: string, shape: readonly number[]): Float32Array => {
    const tensor = tensors.get(name);
    if (tensor?.shape.join() === shape.join()) return toFloat32(tensor);
    throw misfit(path, name, tensor, shape);
  };
  return {
    weight: read("weight", [hidden, hidden]),
    bias: read("bias", [hidden]),
    normalize: settings.normalize,
  };
}

/** Each adapter has its counterpart, and both the sizes of the matrix that they adapt. */
function checkLowRank({ path, tensors }: AdapterFolder, { config, settings }: ModelFolder): void {
  const { parameters } = buildTransformer(config, settings);
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape.map(Number)]));
  for (const [name, tensor] of tensors) {
    const [, matrix = "", which] = /^(.+)\.lora_([AB])$/.exec(name) ?? [];
    const [out, width] = shapes.get(matrix) ?? [];
    if (out === undefined || width === undefined) {
      throw new RetrieveError("invalid_data", `${path}: ${name} adapts no matrix of the base`);
    }
    const rank = tensor.shape[which === "A" ? 0 : 1] ?? 0;
    const pair = { A: [rank, width], B: [out, rank] };
    for (const [letter, shape] of Object.entries(pair)) {
      const part = tensors.get(`${matrix}.lora_${letter}`);
      if (part?.shape.join() !== shape.join()) throw misfit(path, `${matrix}.lora_${letter}`, part, shape);
    }
  }
}

function misfit(
  path: string,
  name: string,
  tensor: Tensor | undefined,
  shape: readonly number[],
): RetrieveError {
  const got = tensor === undefined ? "missing" : `[${tensor.shape}]`;
  return new RetrieveError(
    "invalid_data",
    `${path}: adapter.safetensors: ${name} is ${got}, wanted [${shape}]`,
  );
}

/** A runner that opens with its first rows; a failure to open is told again at the next. */
function openedLater(lanes: number, open: () => Promise<Runner>): Runner {
  let opened: Promise<Runner> | undefined;
  let closed = false;
  const close = async (): Promise<void> => {
    closed = true;
    const runner = await opened?.catch(() => undefined);
    await runner?.close();
  };
  return {
    lanes,
    close,
    [Symbol.asyncDispose]: close,
    async run(rows) {
      if (closed) throw new RetrieveError("invalid_argument", "the encoder is closed; open it again");
      opened ??= open();
      return await (await opened).run(rows);
    },
  };
}
