/** What a server says when it does not answer, and the error that it becomes. */

import { z } from "zod";
import { RetrieveError } from "../../std/index.ts";

/** An answer with a status other than 2xx; the `cause` of the error that it becomes. */
export interface Refusal {
  readonly status: number;
  /** In one line, shortened, without the key. */
  readonly message: string;
  /** Field of the request that the server names. */
  readonly param?: string;
  /** What the server asks to wait. */
  readonly retryAfterMs?: number;
}

/** Why a server refused, where `error` is one that a refusal became. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!RetrieveError.isInstance(error)) return undefined;
  const { cause } = error;
  return typeof cause === "object" && cause !== null && "status" in cause ? (cause as Refusal) : undefined;
}

const errorBody = z.union([
  z.object({ error: z.object({ message: z.string(), param: z.string().nullish() }) }),
  z.object({ error: z.string() }),
  z.object({ message: z.string() }),
  z.object({ detail: z.unknown() }),
]);

/** Reads the body of a refusal: the message of the usual JSON shapes, else the text itself. */
export function readRefusal(status: number, body: string, key: string | undefined): Refusal {
  const found = errorBody.safeParse(parsed(body)).data;
  if (found === undefined) return { status, message: quote(body, key) };
  if ("detail" in found) return { status, message: quote(JSON.stringify(found.detail), key) };
  if ("message" in found) return { status, message: quote(found.message, key) };
  if (typeof found.error === "string") return { status, message: quote(found.error, key) };
  const { message, param } = found.error;
  return { status, message: quote(message, key), ...(param && { param }) };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Text of a server in an error: one line, short, without the key and without control characters. */
export function quote(text: string, key: string | undefined): string {
  const hidden = key ? text.replaceAll(key, "***") : text;
  const line = hidden.replace(/[\s\p{Cc}\p{Cf}]+/gu, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/** Codes of the statuses that say more than that the server failed. */
const codes: Readonly<Record<number, ConstructorParameters<typeof RetrieveError>[0]>> = {
  400: "invalid_argument",
  401: "not_allowed",
  403: "not_allowed",
  404: "not_found",
  413: "invalid_argument",
  422: "invalid_argument",
};

const advice: Readonly<Record<number, string>> = {
  401: "; wanted a key that it accepts: set RETRIEVE_LLM_KEY, or the option key",
  403: "; wanted a key with the right to use this model",
  404: "; look at the name of the model and at the URL",
  429: "; try later, or work on fewer requests at once (parallel)",
};

/** The error of a refusal; `where` is method and URL. */
export function refusalError(where: string, refusal: Refusal): RetrieveError {
  const { status, message } = refusal;
  const said = message === "" ? "" : `: ${message}`;
  return new RetrieveError(
    codes[status] ?? "network",
    `${where} answered ${status}${said}${advice[status] ?? ""}`,
    {
      cause: refusal,
    },
  );
}
