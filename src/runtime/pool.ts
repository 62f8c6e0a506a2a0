/**
 * A session on every core: worker threads with one single-threaded session each. For many batches this is faster
 * than one session with many threads, and it leaves the main thread free.
 */

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { RetrieveError } from "../std/index.ts";
import type { Tensor } from "../tensor/index.ts";
import type { Reply, Request, WorkerSettings } from "./protocol.ts";
import { closedError, type Session } from "./session.ts";

export interface PoolOptions {
  /** Worker threads, each with its own copy of the weights. Default: one a core. */
  readonly workers?: number;
  /** Execution provider by name. Default `cpu`. */
  readonly device?: string;
}

/** A session whose runs go to the next free worker; runs beyond `size` wait for their turn. */
export interface SessionPool extends Session {
  readonly size: number;
}

interface Job {
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly resolve: (outputs: Record<string, Tensor>) => void;
  readonly reject: (error: unknown) => void;
}

/** A thread with what it works on; `ended` settles when the thread is gone. */
interface Member {
  readonly worker: Worker;
  readonly ended: Promise<void>;
  job: Job | undefined;
}

type Names = Pick<Session, "inputs" | "outputs">;

/**
 * Opens a model in worker threads. An idle pool does not keep the process alive; a run does. A worker that dies
 * rejects its run with `internal`; the others go on, and without any left every run is rejected.
 *
 * Throws what `openSession` throws. Memory: the weights, times `workers`.
 */
export async function openSessionPool(
  model: Uint8Array | string,
  { workers = availableParallelism(), device = "cpu" }: PoolOptions = {},
): Promise<SessionPool> {
  if (!Number.isInteger(workers) || workers < 1) {
    throw new RetrieveError("invalid_argument", `session pool: wanted 1 or more workers, got ${workers}`);
  }
  const opened = await Promise.allSettled(
    Array.from({ length: workers }, () => startWorker({ model, device })),
  );
  const started = opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = opened.find((result) => result.status === "rejected");
  const [first] = started;
  if (failed !== undefined || first === undefined) {
    await Promise.all(started.map(({ member }) => endWorker(member)));
    throw failed?.reason;
  }
  return createPool(
    started.map(({ member }) => member),
    first.names,
  );
}

function createPool(members: readonly Member[], { inputs, outputs }: Names): SessionPool {
  const alive = new Set(members);
  const waiting: Job[] = [];
  let closed: Promise<void> | undefined;
  let drained: (() => void) | undefined;

  const dispatch = (): void => {
    for (const member of alive) {
      if (member.job !== undefined) continue;
      const job = waiting.shift();
      if (job === undefined) break;
      begin(member, job);
    }
    if (alive.size === 0) for (const job of waiting.splice(0)) job.reject(deadError());
    if ([...alive].every(({ job }) => job === undefined)) drained?.();
  };
  for (const member of members) {
    member.worker.on("message", (reply: Reply) => {
      finish(member, reply);
      dispatch();
    });
    member.ended.then(() => {
      alive.delete(member);
      member.job?.reject(deadError());
      member.job = undefined;
      dispatch();
    });
  }
  const close = async (): Promise<void> => {
    for (const job of waiting.splice(0)) job.reject(closedError());
    await new Promise<void>((resolve) => {
      drained = resolve;
      dispatch();
    });
    await Promise.all(members.map(endWorker));
  };
  const closeOnce = (): Promise<void> => {
    closed ??= close();
    return closed;
  };
  return {
    inputs,
    outputs,
    size: members.length,
    run: (feeds) =>
      new Promise((resolve, reject) => {
        if (closed !== undefined) throw closedError();
        waiting.push({ feeds, resolve, reject });
        dispatch();
      }),
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}

function begin(member: Member, job: Job): void {
  member.job = job;
  member.worker.ref();
  // Copies hold the elements and nothing else: a view would be sent with all the memory behind it.
  const feeds = Object.fromEntries(Object.entries(job.feeds).map(([name, tensor]) => [name, copyOf(tensor)]));
  const buffers = Object.values(feeds).map(({ data }) => data.buffer as ArrayBuffer);
  send(member.worker, { kind: "run", feeds }, buffers);
}

function finish(member: Member, reply: Reply): void {
  const { job } = member;
  member.job = undefined;
  member.worker.unref();
  if (reply.kind === "result") job?.resolve(reply.outputs);
  if (reply.kind === "error") job?.reject(new RetrieveError(reply.code, reply.message));
}

async function startWorker(
  settings: WorkerSettings,
): Promise<{ readonly member: Member; readonly names: Names }> {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: settings });
  const ended = new Promise<void>((resolve) => {
    worker.once("exit", () => resolve());
    worker.on("error", () => resolve());
  });
  const member: Member = { worker, ended, job: undefined };
  const died = ended.then((): never => {
    throw deadError();
  });
  const opened = new Promise<Reply>((resolve) => worker.once("message", resolve));
  const reply = await Promise.race([opened, died]);
  if (reply.kind === "open") {
    worker.unref();
    return { member, names: reply };
  }
  await worker.terminate();
  throw reply.kind === "error" ? new RetrieveError(reply.code, reply.message) : deadError();
}

async function endWorker({ worker, ended }: Member): Promise<void> {
  worker.ref();
  send(worker, { kind: "close" });
  await ended;
}

function send(worker: Worker, request: Request, transfer: ArrayBuffer[] = []): void {
  worker.postMessage(request, transfer);
}

function copyOf<Copied extends Tensor>(tensor: Copied): Copied {
  return { ...tensor, data: tensor.data.slice() };
}

function deadError(): RetrieveError {
  return new RetrieveError(
    "internal",
    "session pool: a worker thread ended unexpectedly (out of memory?); open the session again",
  );
}
