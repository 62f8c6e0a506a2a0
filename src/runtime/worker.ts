/** A worker thread of the pool: one session with one thread, one run at a time, until it is told to close. */

import { parentPort, workerData } from "node:worker_threads";
import { messageOf, RetrieveError } from "../std/index.ts";
import type { Reply, Request, WorkerSettings } from "./protocol.ts";
import { openSession, type Session } from "./session.ts";

const { model, device } = workerData as WorkerSettings; // the pool starts this file, nobody else
const port = parentPort;
if (port === null)
  throw new RetrieveError("internal", "runtime: worker.js is started by the session pool only");

const reply = (message: Reply): void => port.postMessage(message);

function replyError(error: unknown): void {
  const code = RetrieveError.isInstance(error) ? error.code : "internal";
  reply({ kind: "error", code, message: messageOf(error) });
}

async function serve(session: Session): Promise<void> {
  port?.on("message", async (request: Request) => {
    if (request.kind === "close") {
      await session.close();
      port.close();
      return;
    }
    try {
      reply({ kind: "result", outputs: await session.run(request.feeds) });
    } catch (error) {
      replyError(error);
    }
  });
  reply({ kind: "open", inputs: session.inputs, outputs: session.outputs });
}

await openSession(model, { threads: 1, device }).then(serve, replyError);
