/** LanceDB reports failures as sentences of its engine; this tells which of our codes they are. */

import { messageOf, RetrieveError } from "../../std/index.ts";

/** Runs work on a table and puts its failure into words. */
export async function guarded<Result>(place: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw lanceError(error, place);
  }
}

/** An error of the engine as ours; errors that are ours, and aborts, pass through. */
export function lanceError(error: unknown, place: string): unknown {
  if (RetrieveError.isInstance(error)) return error;
  const isAbort = error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
  if (isAbort || error instanceof TypeError || error instanceof RangeError) return error;
  const message = messageOf(error);
  const cause = { cause: error };
  // 28 ENOSPC, 122 EDQUOT, 27 EFBIG
  if (/os error (28|122|27)\b|No space left|StorageFull|FileTooLarge/.test(message)) {
    return new RetrieveError(
      "disk",
      `${place}: no space left on the disk; nothing was changed, free some space and run the same again`,
      cause,
    );
  }
  // 1 EPERM, 13 EACCES, 30 EROFS
  if (/os error (1|13|30)\b|Permission denied|PermissionDenied|Read-only file system/.test(message)) {
    return new RetrieveError("disk", `${place}: permission denied; check the owner and mode`, cause);
  }
  if (/commit conflict|CommitConflict|concurrent/i.test(message)) {
    return new RetrieveError(
      "locked",
      `${place}: another writer changed this store at the same moment; nothing was written, run the same again`,
      cause,
    );
  }
  return new RetrieveError(
    "invalid_data",
    `${place}: the store cannot be read or written (${firstLine(message)}); if a file of it was changed or ` +
      "removed by hand, restore it or build the index again",
    cause,
  );
}

function firstLine(message: string): string {
  const line = message.split("\n")[0] ?? "";
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
