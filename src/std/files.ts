/** Files that are either complete or absent, and errors of the disk in words. */

import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf, RetrieveError, systemCode } from "./errors.ts";

/**
 * Writes `path`, or what it links to, so that readers see the old content or the new, never a part: temporary file beside it,
 * fsync, rename. Accepts a stream of parts for content that should not be in memory at once.
 *
 * Throws `disk` when the disk refuses (full, read-only, no permission); the old file is then untouched.
 * Throws `invalid_argument` for what is no file (a folder, a device): replacing it would destroy it.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array | AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
): Promise<void> {
  const target = await targetOf(path);
  const temporary = `${target}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await mkdir(dirname(target), { recursive: true });
    const file = await open(temporary, "wx");
    try {
      const parts = typeof content === "string" || content instanceof Uint8Array ? [content] : content;
      for await (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw diskError(error, path);
  }
}

/**
 * Makes the new folder `path`, which is complete or not there: filled beside its place, then renamed.
 *
 * Throws `invalid_argument` when `path` exists, `disk` when the disk refuses, and what `fill` throws.
 */
export async function writeFolderAtomic(
  path: string,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  if (await isThere(path)) {
    throw new RetrieveError("invalid_argument", `${path}: exists already; name a new folder`);
  }
  const temporary = `${path}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await mkdir(temporary);
    await fill(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw diskError(error, path);
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function targetOf(path: string): Promise<string> {
  const target = await realpath(path).catch(() => path);
  const found = await stat(target).catch(() => undefined);
  if (found === undefined || found.isFile()) return target;
  throw new RetrieveError("invalid_argument", `${path}: is no file but a folder or device; name a file`);
}

/** Reads a UTF-8 text file. Throws `not_found` with the path when it is not there. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw diskError(error, path);
  }
}

/** Of one read: Node refuses more than 2 GiB. */
const pieceBytes = 2 ** 30;

/** Reads a file of any size that memory holds; Node's own `readFile` ends at 2 GiB. Throws as {@link readText}. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    await using file = await open(path);
    const bytes = new Uint8Array((await file.stat()).size);
    let end = 0;
    for (let read = -1; read !== 0; end += read) {
      const length = Math.min(pieceBytes, bytes.length - end);
      read = (await file.read(bytes, end, length, end)).bytesRead;
    }
    return bytes.subarray(0, end);
  } catch (error) {
    throw diskError(error, path);
  }
}

/** SHA-256 of a file in hex, read as a stream. Throws as {@link readText}. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  } catch (error) {
    throw diskError(error, path);
  }
  return hash.digest("hex");
}

/** The error of a file operation in words; errors that are ours, or not of the disk, pass through. */
export function diskError(error: unknown, path: string): unknown {
  const code = systemCode(error);
  if (RetrieveError.isInstance(error) || code === undefined) return error;
  const cause = { cause: error };
  switch (code) {
    case "ENOENT":
      return new RetrieveError("not_found", `${path}: no such file or folder`, cause);
    case "EISDIR":
      return new RetrieveError("invalid_argument", `${path}: is a folder, a file is wanted`, cause);
    case "ENOTDIR":
      return new RetrieveError(
        "invalid_argument",
        `${path}: a part of this path is a file, not a folder`,
        cause,
      );
    case "ENOSPC":
    case "EDQUOT":
      return new RetrieveError(
        "disk",
        `${path}: no space left on the disk; nothing was changed, free some space and run the same again`,
        cause,
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new RetrieveError("disk", `${path}: permission denied; check the owner and mode`, cause);
    default:
      return code.startsWith("E") ? new RetrieveError("disk", `${path}: ${messageOf(error)}`, cause) : error;
  }
}
