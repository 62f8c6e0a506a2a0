/** One HTTP exchange within the host's limits: which hosts, how long, how large, how many redirects. */

import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { request as httpsRequest } from "node:https";
import { messageOf, RetrieveError } from "../../../std/index.ts";
import { allowsHost, isExplicitAddress, requireHost } from "../allow.ts";
import { lookupPublic } from "./addresses.ts";
import type { HttpRequest } from "./request.ts";

export interface HttpLimits {
  /** Hosts that may be called; see `allowsHost`. */
  readonly allow: readonly string[];
  /** Headers by host, written as in `allow`: the only source of credentials. */
  readonly headers?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly maxResponseBytes: number;
  readonly maxRedirects: number;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly statusText: string;
  readonly contentType: string;
  readonly bytes: Buffer;
  readonly url: URL;
}

/**
 * Sends a request and follows its redirects. Every target must be allowed; headers from arguments stay with the first
 * host, the host's own go only where they are meant for; https never becomes http. Names that resolve to private
 * addresses are refused. Each exchange has a connection of its own.
 *
 * Throws `not_allowed` for a target or a size that is not, `network` for a server that fails.
 */
export async function send(request: HttpRequest, limits: HttpLimits, what: string): Promise<HttpResponse> {
  let next = request;
  for (let redirects = 0; ; redirects++) {
    requireHost(limits.allow, next.url, redirects === 0 ? what : `${what}: redirected`);
    const message = await exchange(next, limits, what);
    const location = redirectOf(message);
    if (location === undefined) return await receive(message, next.url, limits, what);
    message.destroy();
    if (redirects >= limits.maxRedirects) {
      throw new RetrieveError(
        "not_allowed",
        `${what}: more than ${limits.maxRedirects} redirects; raise maxRedirects to follow them`,
      );
    }
    next = redirected(next, message.statusCode ?? 0, location, what);
  }
}

function redirectOf(message: IncomingMessage): string | undefined {
  return [301, 302, 303, 307, 308].includes(message.statusCode ?? 0) ? message.headers.location : undefined;
}

function redirected(request: HttpRequest, status: number, location: string, what: string): HttpRequest {
  if (!URL.canParse(location, request.url.href)) {
    throw new RetrieveError(
      "network",
      `${what}: redirected to ${JSON.stringify(location.slice(0, 100))}, which is no address`,
    );
  }
  const url = new URL(location, request.url);
  if (request.url.protocol === "https:" && url.protocol === "http:") {
    throw new RetrieveError("not_allowed", `${what}: a redirect from https to http (${url.host}) is refused`);
  }
  const headers = url.origin === request.url.origin ? request.headers : {};
  const keepsMethod =
    status === 307 || status === 308 || request.method === "GET" || request.method === "HEAD";
  if (keepsMethod) return { ...request, url, headers };
  return { method: "GET", url, headers };
}

function exchange(request: HttpRequest, limits: HttpLimits, what: string): Promise<IncomingMessage> {
  const { url, body } = request;
  const own = Object.entries(limits.headers ?? {}).filter(([host]) => allowsHost([host], url));
  const options: RequestOptions = {
    method: request.method,
    headers: Object.fromEntries(
      [
        {
          accept: "application/json, text/*;q=0.9, */*;q=0.5",
          "accept-encoding": "identity",
          "user-agent": "retrieve-anything",
        },
        body ? { "content-type": body.contentType, "content-length": String(body.bytes.length) } : {},
        request.headers,
        ...own.map(([, headers]) => headers),
      ].flatMap((headers) => Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    ),
    agent: false,
    signal: limits.signal,
    ...(isExplicitAddress(url.hostname) ? {} : { lookup: lookupPublic }),
  };
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(networkError(error, limits.signal, `${what}: ${url.host}`));
    try {
      const sent: ClientRequest =
        url.protocol === "https:" ? httpsRequest(url, options) : httpRequest(url, options);
      sent.on("error", fail).on("response", resolve).end(body?.bytes);
    } catch (error) {
      fail(error);
    }
  });
}

async function receive(
  message: IncomingMessage,
  url: URL,
  limits: HttpLimits,
  what: string,
): Promise<HttpResponse> {
  const { headers, statusCode = 0, statusMessage = "" } = message;
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") {
    message.destroy();
    throw new RetrieveError(
      "network",
      `${what}: ${url.host} answered compressed (${encoding}) though plain was asked for`,
    );
  }
  const parts: Buffer[] = [];
  let bytes = Number(headers["content-length"] ?? 0) > limits.maxResponseBytes ? Number.POSITIVE_INFINITY : 0;
  try {
    for await (const part of message as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > limits.maxResponseBytes) throw tooLarge(limits.maxResponseBytes, what);
      parts.push(part);
    }
  } catch (error) {
    throw networkError(error, limits.signal, `${what}: ${url.host}`);
  } finally {
    message.destroy();
  }
  const contentType = headers["content-type"] ?? "";
  return { status: statusCode, statusText: statusMessage, contentType, bytes: Buffer.concat(parts), url };
}

/** The error of a result that is larger than the host allows. */
export function tooLarge(maxResponseBytes: number, what: string): RetrieveError {
  return new RetrieveError(
    "not_allowed",
    `${what}: the result is larger than ${maxResponseBytes} bytes; raise maxResponseBytes to take it`,
  );
}

function networkError(error: unknown, signal: AbortSignal, what: string): unknown {
  if (signal.aborted) return signal.reason;
  if (RetrieveError.isInstance(error)) return error;
  return new RetrieveError("network", `${what} could not be reached (${messageOf(error) || String(error)})`, {
    cause: error,
  });
}
