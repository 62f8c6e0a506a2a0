/**
 * One model, opened in ONNX Runtime. `run` blocks the thread that it runs on; `pool.ts` puts sessions into worker
 * threads. Knows no texts and no graphs.
 */

import { access, constants } from "node:fs/promises";
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { diskError, messageOf, RetrieveError } from "../std/index.ts";
import { createTensor, type DType, type Tensor } from "../tensor/index.ts";
import { providerOf } from "./devices.ts";

/** An opened model. Inputs and outputs are in the order of the model. */
export interface Session extends AsyncDisposable {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /**
   * Computes the outputs of one batch. The feeds may be used again at once; the result is the caller's own.
   *
   * Throws `invalid_argument` for a missing or misshapen input, or a closed session. Feeds that the model does not
   * know are ignored.
   */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  /** Frees the model. Runs that have begun are waited for. Closing again does nothing. */
  close(): Promise<void>;
}

export interface SessionOptions {
  /** Cores that one run may use. Default: all. */
  readonly threads?: number;
  /** Execution provider by name, see `listDevices`. Default `cpu`. */
  readonly device?: string;
}

/**
 * Opens a model from its bytes or from a file; a file may have its weights in other files beside it.
 *
 * Throws `not_found` for a missing file, `unsupported` for a device that is not there, `invalid_data` for a model that
 * ONNX Runtime does not take.
 * Memory: the weights, and once more while it opens.
 */
export async function openSession(
  model: Uint8Array | string,
  { threads = 0, device = "cpu" }: SessionOptions = {},
): Promise<Session> {
  const ort = await import("onnxruntime-node");
  const provider = await providerOf(device);
  if (typeof model === "string") await checkFile(model);
  const settings: InferenceSession.SessionOptions = {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    // Every batch has its own shape: a plan of the memory for each costs more than it saves.
    enableMemPattern: false,
    // An addition and a layer normalisation after each other take a quarter to a seventh of the time of the two in
    // one; an addition and GELU take 0.8 of it with AVX-512.
    extra: { optimization: { disable_specified_optimizers: "SkipLayerNormFusion;BiasGeluFusion" } },
    logSeverityLevel: 3,
  };
  const session = await create(ort.InferenceSession, model, settings, device);
  return wrap(session, (tensor) => {
    // One of many overloads: ONNX Runtime checks that type and data belong together, and so did the compiler.
    const [dtype, data] = [tensor.dtype as "float32", ownData(tensor) as Float32Array];
    return new ort.Tensor(dtype, data, tensor.shape);
  });
}

async function checkFile(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch (error) {
    throw diskError(error, path);
  }
}

async function create(
  factory: typeof InferenceSession,
  model: Uint8Array | string,
  settings: InferenceSession.SessionOptions,
  device: string,
): Promise<InferenceSession> {
  try {
    return await (typeof model === "string"
      ? factory.create(model, settings)
      : factory.create(model, settings));
  } catch (error) {
    const what = typeof model === "string" ? model : "the model";
    const cause = { cause: error };
    const why = messageOf(error).trim(); // some providers end theirs with a line break
    if (device === "cpu") throw new RetrieveError("invalid_data", `${what}: ${why}`, cause);
    throw new RetrieveError(
      "unsupported",
      `device ${device} cannot run ${what} on this machine (${why}); use cpu`,
      cause,
    );
  }
}

function wrap(session: InferenceSession, toOrt: (tensor: Tensor) => OrtTensor): Session {
  let closed: Promise<void> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const compute = async (feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> => {
    try {
      const given = Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)] as const);
      const results = await session.run(Object.fromEntries(given));
      return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, fromOrt(result)]));
    } catch (error) {
      if (RetrieveError.isInstance(error)) throw error;
      throw new RetrieveError("invalid_argument", `session: ${messageOf(error)}`, { cause: error });
    }
  };
  const close = (): Promise<void> => {
    closed ??= last.then(() => session.release());
    return closed;
  };
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    run(feeds) {
      if (closed !== undefined) return Promise.reject(closedError());
      const result = compute(feeds);
      last = Promise.allSettled([last, result]).then(() => undefined); // holds no result: they would never be freed
      return result;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The error of a run after `close`. */
export function closedError(): RetrieveError {
  return new RetrieveError("invalid_argument", "session: it is closed; open it again");
}

/** ONNX Runtime refuses shared memory: such data is copied. */
function ownData({ data }: Tensor): Tensor["data"] {
  return data.buffer instanceof ArrayBuffer ? data : data.slice();
}

const dtypes: ReadonlySet<string> = new Set<DType>([
  "float32",
  "float16",
  "int8",
  "uint8",
  "int32",
  "int64",
  "bool",
]);

function fromOrt({ type, dims, data }: OrtTensor): Tensor {
  if (!dtypes.has(type)) throw new RetrieveError("unsupported", `session: a result of type ${type}`);
  return createTensor(type as DType, dims, data as Tensor["data"]) as Tensor; // ONNX Runtime pairs type and data
}
