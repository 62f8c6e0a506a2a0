/**
 * Lines that are done, beside the file that they will be: a run that is killed goes on where it was when the same
 * command runs again. A torn last line is cut off; a run that fails before its first line leaves nothing.
 */

import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { diskError, RetrieveError, scanLines } from "../../std/index.ts";

export interface PartialFile extends AsyncDisposable {
  /** The whole lines that earlier runs left. */
  readonly lines: number;
  append(lines: readonly string[]): Promise<void>;
  /** Makes it the file. */
  finish(): Promise<void>;
}

/**
 * The partial file of `out` for work that `key` identifies; `onLine` is told each line that is there already.
 *
 * Throws `invalid_argument` where `out` is a folder, `disk` where the disk refuses.
 */
export async function openPartial(
  out: string,
  key: string,
  onLine: (line: string) => void,
): Promise<PartialFile> {
  const found = await stat(out).catch(() => undefined);
  if (found !== undefined && !found.isFile()) {
    throw new RetrieveError("invalid_argument", `${out}: is no file but a folder or device; name a file`);
  }
  const path = partialPath(out, key);
  let file: FileHandle | undefined;
  try {
    await mkdir(dirname(path), { recursive: true });
    file = await open(path, "a");
    const left = await readLeft(path, onLine);
    await file.truncate(left.bytes);
    return partialFile(file, path, out, left.lines);
  } catch (error) {
    await file?.close();
    throw diskError(error, path);
  }
}

/** Partial files of `out` that belong to other work: other parameters, or input that has changed since. */
export async function foreignPartials(out: string, key: string): Promise<string[]> {
  const names = await readdir(dirname(out)).catch(() => []);
  const own = basename(partialPath(out, key));
  const isPartial = (name: string): boolean =>
    name.startsWith(`${basename(out)}.`) && /\.[0-9a-f]{12}\.partial$/.test(name);
  return names.filter((name) => isPartial(name) && name !== own).map((name) => join(dirname(out), name));
}

function partialPath(out: string, key: string): string {
  return `${out}.${key.slice(0, 12)}.partial`;
}

async function readLeft(
  path: string,
  onLine: (line: string) => void,
): Promise<{ readonly lines: number; readonly bytes: number }> {
  let lines = 0;
  let bytes = 0;
  for await (const line of scanLines(createReadStream(path))) {
    if (!line.ended) break;
    onLine(line.bytes.toString());
    lines++;
    bytes = line.start + line.bytes.length + 1;
  }
  return { lines, bytes };
}

function partialFile(file: FileHandle, path: string, out: string, lines: number): PartialFile {
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw diskError(error, out);
    }
  };
  return {
    lines,
    append: (added) => attempt(() => file.appendFile(added.join(""))),
    finish: () =>
      attempt(async () => {
        await file.sync();
        await rename(path, out);
      }),
    [Symbol.asyncDispose]: async () => {
      const { size } = await file.stat();
      await file.close();
      if (size === 0) await rm(path, { force: true });
    },
  };
}
