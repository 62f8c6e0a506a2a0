/** HTTP for a handful of routes: bodies within limits, refusals as JSON, work that ends when its client goes away. */

import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { messageOf, RetrieveError } from "../std/index.ts";
import { errorBody, Refusal, statusOf } from "./refusal.ts";

export interface Request {
  /** Parsed JSON; undefined for a GET. */
  readonly body: unknown;
  /** Aborted when the client is gone or the server stops. */
  readonly signal: AbortSignal;
}

/** A JSON value to answer with, or server-sent events. */
export type Reply = { readonly json: unknown } | { readonly events: AsyncIterable<unknown> };

export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly handle: (request: Request) => Promise<Reply>;
}

export interface HttpOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  /** Wanted as a bearer token where it is given. */
  readonly key: string | undefined;
  readonly maxBodyBytes: number;
  /** Requests at once, waiting ones included; more are told to come back. */
  readonly maxRequests: number;
}

export interface RunningServer {
  /** `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no more requests, lets those that run end for a while, then ends them. */
  close(): Promise<void>;
}

/** How long running requests may go on when the server stops. */
const graceMs = 5000;

/** Listens until it is closed. Throws `not_allowed` where the port is taken or must not be used. */
export async function serveRoutes(routes: readonly Route[], options: HttpOptions): Promise<RunningServer> {
  const running = new Set<AbortController>();
  const server = createServer(async (request, response) => {
    const ending = new AbortController();
    running.add(ending);
    response.on("close", () => ending.abort());
    try {
      const route = routeOf(routes, options, running.size, request, response);
      await answer(route, options, request, response, ending.signal);
    } catch (error) {
      refuse(response, error);
    } finally {
      running.delete(ending);
      // A connection that is kept alive would hold up the end.
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    }
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return { url: `http://${host}:${port}`, close: () => close(server, running) };
}

function listen(server: Server, { port, host }: HttpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const message = `cannot listen on ${host}:${port}: ${messageOf(error)}; name another with --port`;
      reject(new RetrieveError("not_allowed", message, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

async function close(server: Server, running: ReadonlySet<AbortController>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    for (const ending of running) ending.abort();
    server.closeAllConnections();
  }, graceMs);
  await closed;
  clearTimeout(timer);
}

async function answer(
  route: Route,
  { maxBodyBytes }: HttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const body = route.method === "POST" ? await readBody(request, maxBodyBytes) : undefined;
  const reply = await route.handle({ body, signal });
  if ("json" in reply) sendJson(response, 200, reply.json);
  else await sendEvents(response, reply.events);
}

function routeOf(
  routes: readonly Route[],
  { key, host, maxRequests }: HttpOptions,
  running: number,
  request: IncomingMessage,
  response: ServerResponse,
): Route {
  requireOwnName(host, request.headers.host);
  const path = (request.url ?? "").split("?")[0];
  const there = routes.filter((route) => route.path === path);
  if (there.length === 0) {
    const known = routes.map((route) => route.path).join(", ");
    throw new Refusal(404, `no such path: got ${path}, wanted one of ${known}`);
  }
  if (key !== undefined && !isSame(request.headers.authorization ?? "", `Bearer ${key}`)) {
    throw new Refusal(401, "wanted the key of this server as a bearer token");
  }
  const route = there.find(({ method }) => method === request.method);
  if (route === undefined) {
    const methods = there.map(({ method }) => method).join(", ");
    response.setHeader("allow", methods);
    throw new Refusal(405, `${path}: got ${request.method}, wanted ${methods}`);
  }
  if (running > maxRequests) {
    response.setHeader("retry-after", "1");
    throw new Refusal(429, `${maxRequests} requests are being worked on; try again later`);
  }
  return route;
}

/** Takes as long for a nearly right secret as for a wrong one. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

const here = /^(localhost|127(\.\d+){3}|\[::1\]|::1)$/;

/** Whether only this machine reaches the host. */
export function isLoopback(host: string): boolean {
  return here.test(host);
}

/** A page in a browser can point a name of its own at this machine; then the request carries that name. */
function requireOwnName(host: string, asked: string | undefined): void {
  const name = asked?.replace(/:\d+$/, "") ?? "";
  if (!isLoopback(host) || isLoopback(name)) return;
  throw new Refusal(403, `got a request for the host "${name}", wanted localhost; other names need --host`);
}

async function readBody(request: IncomingMessage, limit: number): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = Number(request.headers["content-length"] ?? 0);
  if (bytes <= limit) {
    bytes = 0;
    for await (const part of request as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > limit) break;
      parts.push(part);
    }
  }
  if (bytes > limit)
    throw new Refusal(413, `the body has more than ${limit} bytes; send fewer texts a request`);
  const text = Buffer.concat(parts).toString("utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, `the body is no JSON (${messageOf(error)}); wanted an object`);
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

async function sendEvents(response: ServerResponse, events: AsyncIterable<unknown>): Promise<void> {
  for await (const event of events) {
    if (!response.headersSent) {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    }
    const flows = response.write(`data: ${JSON.stringify(event)}\n\n`);
    if (!flows && !response.destroyed) await drained(response);
  }
  response.end("data: [DONE]\n\n");
}

/** Resolves when there is room again, or when the client is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      response.off("drain", end).off("close", end);
      resolve();
    };
    response.on("drain", end).on("close", end);
  });
}

/** What has begun to be streamed ends with the error as an event. */
function refuse(response: ServerResponse, error: unknown): void {
  if (response.destroyed) return;
  if (response.headersSent) {
    response.end(`data: ${JSON.stringify(errorBody(error))}\n\n`);
    return;
  }
  const status = statusOf(error);
  // What is left of a body that is too large is not read.
  if (status === 413) response.setHeader("connection", "close");
  sendJson(response, status, errorBody(error));
}
