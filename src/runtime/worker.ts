/** A worker thread of the pool: one session with one thread, one request at a time, until it is told to close. */

import { parentPort } from "node:worker_threads";
import { messageOf, RetrieveError } from "../std/index.ts";
import type { Reply, Request } from "./protocol.ts";
import { openSession, type Session } from "./session.ts";

let session: Session | undefined;

async function answer(request: Request): Promise<Reply | undefined> {
  switch (request.kind) {
    case "open":
      session = await openSession(request.model, { threads: 1, device: request.device });
      return { kind: "open", inputs: session.inputs, outputs: session.outputs };
    case "run":
      if (session === undefined)
        throw new RetrieveError("internal", "worker: a run before the model is open");
      return { kind: "result", outputs: await session.run(request.feeds) };
    case "close":
      await session?.close();
      parentPort?.close(); // nothing else keeps the thread
      return undefined;
  }
}

function errorReply(error: unknown): Reply {
  const code = RetrieveError.isInstance(error) ? error.code : "internal";
  return { kind: "error", code, message: messageOf(error) };
}

parentPort?.on("message", async (request: Request) => {
  const reply = await answer(request).catch(errorReply);
  if (reply !== undefined) parentPort?.postMessage(reply);
});
