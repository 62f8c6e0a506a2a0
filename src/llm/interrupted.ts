import { RetrieveError } from "../std/index.ts";

/** The error of a call that its caller ended. */
export function interrupted(signal: AbortSignal | undefined): RetrieveError {
  return new RetrieveError("interrupted", "language model: ended by the caller before it was done", {
    cause: signal?.reason,
  });
}
