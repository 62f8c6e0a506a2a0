/** A server on loopback for one test, and tools that call it. */

import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { openApiTools, type Tool } from "#src/augment/tools/index.js";
import type { JsonObject } from "#src/augment/tools/json.js";

export interface Listening extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly port: number;
  /** What arrived, in order. */
  readonly seen: {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingMessage["headers"];
    readonly body: string;
  }[];
}

export async function listen(answer: RequestListener): Promise<Listening> {
  const seen: Listening["seen"] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    port,
    seen,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The tool of one GET operation without parameters, at `url`. */
export function getTool(url: string, more: object = {}): Tool {
  const { origin, pathname } = new URL(url);
  const paths = { [pathname]: { get: { operationId: "it", ...more } } };
  const [tool] = openApiTools(
    { openapi: "3.1.0", info: { title: "t" }, servers: [{ url: origin }], paths },
    "t.json",
  );
  if (tool === undefined) throw new Error("no tool");
  return tool;
}

/** A function tool with these parameters. */
export function functionTool(parameters: JsonObject): Tool {
  return {
    id: "f.it",
    name: "it",
    server: "f",
    category: "f",
    title: "it",
    description: "",
    parameters,
    source: "f",
    execution: { type: "function" },
  };
}
