/** A small HTTP server on a port of its own that does what a test says, and keeps what it was sent. */

import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: ReturnType<typeof JSON.parse>;
}

export interface SmallServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** All but the question for the models. */
  readonly received: readonly Received[];
}

export type Answer = (response: ServerResponse, received: Received, number: number) => void | Promise<void>;

/** `models` is what `GET …/models` answers; without it there is no such list. */
export async function smallServer(answer: Answer, models?: object): Promise<SmallServer> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const sent = await text(request);
    const { method = "", url: path = "", headers } = request;
    if (method === "GET" && path.endsWith("/models")) {
      sendJson(response, models ?? { error: { message: "no such route" } }, models === undefined ? 404 : 200);
      return;
    }
    const one = { method, path, headers, body: sent === "" ? undefined : JSON.parse(sent) };
    received.push(one);
    await answer(response, one, received.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    received,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function sendJson(
  response: ServerResponse,
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
}

/** The values as server-sent events with `[DONE]` after them. */
export function sendEvents(response: ServerResponse, values: readonly unknown[]): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const value of values) response.write(`data: ${JSON.stringify(value)}\n\n`);
  response.end("data: [DONE]\n\n");
}
