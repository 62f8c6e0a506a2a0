/** HTTP with a language model server: retries, timeouts, limits, and errors that say what happened. */

import { messageOf, type OnNotice, RetrieveError } from "../../std/index.ts";
import { interrupted } from "../interrupted.ts";
import { onAbort } from "../on-abort.ts";
import { quote, readRefusal, refusalError, refusalOf } from "./refusal.ts";
import { backoff, isPassing, longestRetryAfter, parseRetryAfter } from "./retry.ts";
import { eventData } from "./sse.ts";

export interface TransportOptions {
  readonly base: string;
  readonly key: string | undefined;
  /** How long a server may be silent: before its answer begins, and within it. */
  readonly timeoutMs: number;
  /** How often a request is made before its failure counts. */
  readonly tries: number;
  readonly onNotice: OnNotice | undefined;
}

export interface RequestOptions {
  readonly signal: AbortSignal | undefined;
  /** Instead of the transport's own. */
  readonly tries?: number;
}

export interface Transport {
  /** The JSON that a path answers with; GET where there is no body. */
  json(path: string, body: object | undefined, options: RequestOptions): Promise<unknown>;
  /** The JSON values that a path streams. A server that answers at once gives one value. Not retried once it began. */
  stream(path: string, body: object, options: RequestOptions): Promise<AsyncGenerator<unknown>>;
}

/** Bytes of an answer. A text of 128k tokens with log-probabilities of each takes about 20 MiB. */
const maxBytes = 256 * 1024 * 1024;
const maxRefusalBytes = 64 * 1024;

/**
 * A connection to one server. Throws RetrieveErrors: `interrupted`, `network` for what cannot be reached, is silent or
 * talks nonsense, and what `refusalError` makes of a refusal.
 */
export function createTransport(options: TransportOptions): Transport {
  return {
    json: (path, body, request) =>
      withRetries(options, request, async () => {
        const answer = await send(options, path, body, request.signal);
        return parseJson(options, path, await textOf(answer, maxBytes));
      }),
    stream: (path, body, request) =>
      withRetries(options, request, async () => {
        const answer = await send(options, path, body, request.signal);
        return valuesOf(options, path, answer);
      }),
  };
}

async function* valuesOf(options: TransportOptions, path: string, answer: Answer): AsyncGenerator<unknown> {
  try {
    if (!answer.isStream) {
      yield parseJson(options, path, await textOf(answer, maxBytes));
      return;
    }
    for await (const data of eventData(answer.chunks)) {
      if (data === "[DONE]") return;
      yield parseJson(options, path, data);
    }
  } finally {
    answer.end();
  }
}

/** Makes a request until it succeeds, fails for good, or was made as often as allowed. */
async function withRetries<Result>(
  { tries, onNotice, base }: TransportOptions,
  request: RequestOptions,
  make: () => Promise<Result>,
): Promise<Result> {
  const limit = request.tries ?? tries;
  for (let failed = 1; ; failed++) {
    try {
      return await make();
    } catch (error) {
      const wait = failed < limit ? waitAfter(error, failed) : undefined;
      if (wait === undefined) throw error;
      const seconds = (wait / 1000).toFixed(1);
      onNotice?.(`${messageOf(error)}; try ${failed + 1} of ${limit} at ${hostOf(base)} in ${seconds} s`);
      await sleep(wait, request.signal);
    }
  }
}

/** Throws `interrupted` when the caller does not wait any longer. */
function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      release();
      resolve();
    }, ms);
    const release = onAbort(signal, () => {
      clearTimeout(timer);
      reject(interrupted(signal));
    });
  });
}

/** Milliseconds until the next try; undefined for what a further try does not mend. */
function waitAfter(error: unknown, failed: number): number | undefined {
  if (!RetrieveError.isInstance(error) || error.code === "interrupted") return undefined;
  const refusal = refusalOf(error);
  if (error.cause instanceof SyntaxError) return undefined;
  if (refusal === undefined) return error.code === "network" ? backoff(failed) : undefined;
  if (!isPassing(refusal)) return undefined;
  const wait = refusal.retryAfterMs ?? backoff(failed);
  return wait > longestRetryAfter ? undefined : wait;
}

/** An answer that began. */
interface Answer {
  readonly isStream: boolean;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Closes the connection where it is still open. */
  end(): void;
}

async function send(
  options: TransportOptions,
  path: string,
  body: object | undefined,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const { base, key, timeoutMs } = options;
  const where = `${body === undefined ? "GET" : "POST"} ${base}${path}`;
  const watch = createWatch(timeoutMs, signal);
  const failure = (error: unknown): RetrieveError => failureOf(error, where, watch, timeoutMs, signal, key);
  try {
    const response = await fetch(base + path, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        accept: "application/json, text/event-stream",
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: watch.signal,
    });
    const answer: Answer = {
      isStream: response.headers.get("content-type")?.includes("text/event-stream") ?? false,
      chunks: chunksOf(response, watch, failure),
      end: watch.end,
    };
    if (response.ok) return answer;
    const said = await textOf(answer, maxRefusalBytes).catch(() => "");
    const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), Date.now());
    const refusal = readRefusal(response.status, said, key);
    throw refusalError(where, { ...refusal, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  } catch (error) {
    watch.end();
    throw RetrieveError.isInstance(error) ? error : failure(error);
  }
}

/** Aborts a request when its caller does, or when the server is silent for too long. */
interface Watch {
  readonly signal: AbortSignal;
  readonly isSilent: () => boolean;
  /** The server said something. */
  heard(): void;
  end(): void;
}

function createWatch(timeoutMs: number, signal: AbortSignal | undefined): Watch {
  const ending = new AbortController();
  let isSilent = false;
  const timer = setTimeout(() => {
    isSilent = true;
    ending.abort();
  }, timeoutMs);
  const release = onAbort(signal, () => ending.abort());
  return {
    signal: ending.signal,
    isSilent: () => isSilent,
    heard: () => timer.refresh(),
    end: () => {
      clearTimeout(timer);
      release();
      ending.abort();
    },
  };
}

async function* chunksOf(
  response: Response,
  watch: Watch,
  failure: (error: unknown) => RetrieveError,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      watch.heard();
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  } catch (error) {
    throw RetrieveError.isInstance(error) ? error : failure(error);
  } finally {
    watch.end();
  }
}

async function textOf({ chunks }: Answer, limit: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > limit) throw tooLarge(limit);
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString("utf8");
}

function tooLarge(limit: number): RetrieveError {
  return new RetrieveError(
    "not_allowed",
    `the server's answer has more than ${limit} bytes, which is the limit`,
  );
}

function failureOf(
  error: unknown,
  where: string,
  watch: Watch,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  key: string | undefined,
): RetrieveError {
  if (signal?.aborted) return interrupted(signal);
  if (watch.isSilent()) {
    const seconds = timeoutMs / 1000;
    return new RetrieveError(
      "network",
      `${where}: no word from the server in ${seconds} s; raise the timeout`,
    );
  }
  // fetch says "fetch failed" and keeps the reason one level down.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = quote(messageOf(cause) || String(cause), key);
  return new RetrieveError("network", `${where}: ${reason}; wanted a server that answers there`, {
    cause: error,
  });
}

function parseJson({ base, key }: TransportOptions, path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const got = quote(text, key).slice(0, 80);
    throw new RetrieveError(
      "network",
      `${base}${path}: got "${got}" (${messageOf(error)}), wanted JSON of an OpenAI-compatible server`,
      { cause: error },
    );
  }
}

function hostOf(base: string): string {
  return new URL(base).host;
}
