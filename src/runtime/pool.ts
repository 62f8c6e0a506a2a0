/**
 * A session on every core: worker threads with one single-threaded session each. For many batches this is faster
 * than one session with many threads, and it leaves the main thread free.
 */

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { messageOf, RetrieveError } from "../std/index.ts";
import type { Tensor } from "../tensor/index.ts";
import type { Reply, Request } from "./protocol.ts";
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

/** A thread with what it works on. */
interface Member {
  readonly worker: Worker;
  /** Settles when the thread is gone, with the error that ended it. */
  readonly ended: Promise<unknown>;
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
  const members = Array.from({ length: workers }, startWorker);
  const opened = await Promise.allSettled(members.map((member) => openIn(member, model, device)));
  const [first] = opened;
  const failed = opened.find((result) => result.status === "rejected");
  if (failed === undefined && first?.status === "fulfilled") return createPool(members, first.value);
  await Promise.all(members.map(endWorker));
  throw failed?.reason;
}

function createPool(members: readonly Member[], { inputs, outputs }: Names): SessionPool {
  const alive = new Set(members);
  const waiting: Job[] = [];
  let closing: Promise<void> | undefined;
  let onIdle: (() => void) | undefined;

  const dispatch = (): void => {
    for (const member of alive) {
      while (member.job === undefined && waiting.length > 0) begin(member, waiting.shift());
    }
    if (alive.size === 0) rejectAll(waiting, deadError("no worker is left"));
    if ([...alive].every(({ job }) => job === undefined)) onIdle?.();
  };
  for (const member of members) {
    member.worker.on("message", (reply: Reply) => {
      finish(member, reply);
      dispatch();
    });
    member.worker.unref(); // after the listener, which holds the process
    member.ended.then((reason) => {
      alive.delete(member);
      member.job?.reject(deadError(reason));
      member.job = undefined;
      dispatch();
    });
  }
  const close = async (): Promise<void> => {
    rejectAll(waiting, closedError());
    await new Promise<void>((resolve) => {
      onIdle = resolve;
      dispatch();
    });
    await Promise.all(members.map(endWorker));
  };
  const closeOnce = (): Promise<void> => {
    closing ??= close();
    return closing;
  };
  return {
    inputs,
    outputs,
    size: members.length,
    run: (feeds) =>
      new Promise((resolve, reject) => {
        if (closing !== undefined) throw closedError();
        waiting.push({ feeds, resolve, reject });
        dispatch();
      }),
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}

function startWorker(): Member {
  // Flags of the main thread, such as --input-type, are not for this file.
  const worker = new Worker(new URL("./worker.js", import.meta.url), { execArgv: [] });
  const ended = new Promise<unknown>((resolve) => {
    worker.once("error", resolve);
    worker.once("exit", (code) => resolve(`exit code ${code}`));
  });
  return { worker, ended, job: undefined };
}

async function openIn({ worker, ended }: Member, model: Uint8Array | string, device: string): Promise<Names> {
  const answered = new Promise<Reply>((resolve) => worker.once("message", resolve));
  send(worker, { kind: "open", model, device });
  const died = ended.then((reason): never => {
    throw deadError(reason);
  });
  const reply = await Promise.race([answered, died]);
  if (reply.kind === "error") throw new RetrieveError(reply.code, reply.message);
  if (reply.kind === "result") throw new RetrieveError("internal", "session pool: a result before any run");
  return reply;
}

/** Sends a job to a worker; one whose feeds cannot be sent is rejected, and the worker stays free. */
function begin(member: Member, job: Job | undefined): void {
  try {
    // Copies hold the elements and nothing else: a view would be sent with all the memory behind it.
    const entries = Object.entries(job?.feeds ?? {});
    const feeds = Object.fromEntries(entries.map(([name, tensor]) => [name, copyOf(tensor)]));
    const buffers = Object.values(feeds).map(({ data }) => data.buffer as ArrayBuffer);
    send(member.worker, { kind: "run", feeds }, buffers);
    member.worker.ref();
    member.job = job;
  } catch (error) {
    const message = `session pool: the feeds cannot be sent (${messageOf(error)})`;
    job?.reject(new RetrieveError("invalid_argument", message, { cause: error }));
  }
}

function finish(member: Member, reply: Reply): void {
  const { job } = member;
  member.job = undefined;
  member.worker.unref();
  if (reply.kind === "result") job?.resolve(reply.outputs);
  if (reply.kind === "error") job?.reject(new RetrieveError(reply.code, reply.message));
}

async function endWorker({ worker, ended }: Member): Promise<void> {
  worker.ref();
  send(worker, { kind: "close" });
  await ended;
}

function send(worker: Worker, request: Request, transfer: ArrayBuffer[] = []): void {
  worker.postMessage(request, transfer);
}

function rejectAll(jobs: Job[], error: RetrieveError): void {
  for (const { reject } of jobs.splice(0)) reject(error);
}

function copyOf<Copied extends Tensor>(tensor: Copied): Copied {
  return { ...tensor, data: tensor.data.slice() };
}

function deadError(reason: unknown): RetrieveError {
  return new RetrieveError(
    "internal",
    `session pool: a worker thread ended (${messageOf(reason)}); open the session again`,
  );
}
