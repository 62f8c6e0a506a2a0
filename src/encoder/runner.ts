/**
 * Rows of token ids to vectors, on sessions that open when they are first needed: one in this thread for a short
 * query, which then waits for nobody, and a pool with one single-threaded session a core for everything else.
 */

import { availableParallelism } from "node:os";
import { openSession, openSessionPool, type Session } from "../runtime/index.ts";
import { RetrieveError } from "../std/index.ts";
import { createTensor, type Tensor, toFloat32 } from "../tensor/index.ts";
import { padBatch } from "./batches.ts";
import type { LoadedModel } from "./model.ts";

export interface RunnerOptions {
  readonly threads?: number | undefined;
  readonly device?: string | undefined;
  /** Tokens, padding included, up to which a batch is run in this thread: below 128 handing it over costs more. */
  readonly shortBatch?: number | undefined;
}

export interface Runner extends AsyncDisposable {
  /** Batches that should be under way at once: every worker has one and finds the next when it is done. */
  readonly lanes: number;
  /** The vectors of one batch, in its order. */
  run(rows: readonly Int32Array[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/**
 * Nothing opens before the first run. Memory: the weights, once a session, and the model's bytes until both kinds of
 * session are open.
 */
export function createRunner(
  model: Pick<LoadedModel, "onnx" | "pooling">,
  dimensions: number,
  paddingId: number,
  { threads = availableParallelism(), device = "cpu", shortBatch = 128 }: RunnerOptions,
): Runner {
  const { pooling } = model;
  const source = letGo(model.onnx, 2);
  const here = lazily(() => source((onnx) => openSession(onnx, { threads: 1, device })));
  const pool = lazily(() => source((onnx) => openSessionPool(onnx, { workers: threads, device })));
  const pooler = pooling && lazily(() => openSession(pooling, { threads: 1 }));
  let closed = false;
  const close = async (): Promise<void> => {
    closed = true;
    await Promise.all([here, pool, pooler].map((session) => session?.close()));
  };
  return {
    lanes: device === "cpu" ? 2 * threads : 1,
    close,
    [Symbol.asyncDispose]: close,
    async run(rows) {
      if (closed) throw new RetrieveError("invalid_argument", "the encoder is closed; open it again");
      const batch = padBatch(rows, paddingId);
      const alone = device !== "cpu" || batch.input_ids.data.length <= shortBatch;
      const session = await (alone ? here : pool).open();
      const outputs = await session.run(feedsFor(session, batch));
      const embedding =
        pooler === undefined
          ? outputs["embedding"]
          : (await runPooling(await pooler.open(), outputs, batch.attention_mask))["embedding"];
      return rowsOf(embedding, rows.length, dimensions);
    },
  };
}

/** What the session asks for, of what a text encoder can be asked for. */
function feedsFor(
  session: Session,
  batch: { readonly input_ids: Tensor; readonly attention_mask: Tensor },
): Record<string, Tensor> {
  const { shape, data } = batch.input_ids;
  const feeds: Readonly<Record<string, () => Tensor>> = {
    input_ids: () => batch.input_ids,
    attention_mask: () => batch.attention_mask,
    token_type_ids: () => createTensor("int64", shape, new BigInt64Array(data.length)),
  };
  return Object.fromEntries(
    session.inputs.map((name) => {
      const feed = feeds[name];
      if (feed !== undefined) return [name, feed()];
      const known = Object.keys(feeds).join(", ");
      throw new RetrieveError("unsupported", `the ONNX file wants the input ${name}; known are ${known}`);
    }),
  );
}

function runPooling(
  pooler: Session,
  outputs: Readonly<Record<string, Tensor>>,
  mask: Tensor,
): Promise<Record<string, Tensor>> {
  const names = ["last_hidden_state", "token_embeddings", "hidden", ...Object.keys(outputs)];
  const hidden = names.map((name) => outputs[name]).find((output) => output?.shape.length === 3);
  if (hidden !== undefined) return pooler.run({ hidden, attention_mask: mask });
  const got = Object.keys(outputs).join(", ");
  throw new RetrieveError(
    "unsupported",
    `the ONNX file has no output of token vectors [B, T, H]; it has ${got}`,
  );
}

function rowsOf(embedding: Tensor | undefined, rows: number, dimensions: number): Float32Array[] {
  if (embedding === undefined || embedding.shape.join() !== `${rows},${dimensions}`) {
    const got = embedding === undefined ? "none" : `[${embedding.shape}]`;
    throw new RetrieveError("invalid_data", `the model gave vectors ${got}, wanted [${rows},${dimensions}]`);
  }
  const vectors = toFloat32(embedding);
  return Array.from({ length: rows }, (_, row) => vectors.slice(row * dimensions, (row + 1) * dimensions));
}

/** Lends `value` to so many uses that succeed, then lets go of it. */
function letGo<Value>(
  value: Value,
  uses: number,
): <Result>(use: (value: Value) => Promise<Result>) => Promise<Result> {
  let held: Value | undefined = value;
  let left = uses;
  return async (use) => {
    if (held === undefined) throw new RetrieveError("internal", "runner: the model was let go too early");
    const result = await use(held);
    left--;
    if (left === 0) held = undefined;
    return result;
  };
}

/** A session that opens once, at the first use; a failure to open is told again at the next use. */
function lazily(start: () => Promise<Session>): { open(): Promise<Session>; close(): Promise<void> } {
  let opened: Promise<Session> | undefined;
  return {
    open: () => {
      opened ??= start();
      return opened;
    },
    close: async () => {
      const session = await opened?.catch(() => undefined);
      await session?.close();
    },
  };
}
