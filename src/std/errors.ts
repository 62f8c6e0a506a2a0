/** The one error class of the library: a closed code for programs, a sentence for people. */

/** Every code a {@link RetrieveError} can carry. Front ends map these, and only these, to exit and HTTP statuses. */
export type ErrorCode =
  | "usage" // the command line itself is wrong
  | "invalid_argument" // a value given to an API is out of its domain
  | "not_found" // a file, model, record, tool or package file is not there
  | "invalid_data" // a file or record is there but malformed
  | "unsupported" // well formed, but nothing here can run it
  | "missing_package" // an optional peer dependency is not installed
  | "fingerprint_mismatch" // vectors of another encoder
  | "format_version" // an index written by a newer version
  | "locked" // another writer holds the index
  | "disk" // the disk refused a write
  | "offline" // a download is needed and offline mode forbids it
  | "network" // a server could not be reached or misbehaved
  | "not_allowed" // the host did not allow this tool, host or size
  | "tool_failed" // an allowed tool ran and failed
  | "diverged" // training ran away from its goal
  | "interrupted" // ended by the caller before it was done
  | "internal"; // our own bug

/**
 * An error that a person can act on: the message says what was got, what was wanted and what to do.
 *
 * `code` is stable; the message is not. `cause` keeps the original error where there is one.
 */
export class RetrieveError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = "RetrieveError";
    this.code = code;
  }

  /** Whether `error` is ours, even when it comes from another copy of the package. */
  static isInstance(error: unknown): error is RetrieveError {
    return error instanceof Error && error.name === "RetrieveError" && "code" in error;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The operating system's code (`ENOENT`, `ENOSPC`, …) of anything that was thrown, where it has one. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
