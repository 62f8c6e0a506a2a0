/** Errors in the shape of OpenAI's API, with the status that fits. */

import { type ErrorCode, messageOf, RetrieveError } from "../std/index.ts";

/** An answer that a request cannot have; thrown by handlers, sent by the server. */
export class Refusal extends Error {
  readonly status: number;
  readonly param: string | null;

  constructor(status: number, message: string, param: string | null = null) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.param = param;
  }
}

const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
  usage: 400,
  invalid_argument: 400,
  invalid_data: 400,
  unsupported: 400,
  not_found: 404,
  not_allowed: 403,
  network: 502,
  interrupted: 503,
};

const types: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  429: "rate_limit_error",
};

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

export function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status;
  return (RetrieveError.isInstance(error) ? statuses[error.code] : undefined) ?? 500;
}

export function errorBody(error: unknown): ErrorBody {
  const status = statusOf(error);
  const type = types[status] ?? (status < 500 ? "invalid_request_error" : "server_error");
  const param = error instanceof Refusal ? error.param : null;
  const code = RetrieveError.isInstance(error) ? error.code : null;
  return { error: { message: messageOf(error), type, param, code } };
}
