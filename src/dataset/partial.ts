/**
 * Lines that are done, beside the file that they will be: a run that is killed goes on where it was when the same
 * command runs again. An empty line stands for a row that the file will not have. A torn last line is cut off; a run that fails before its first line leaves nothing.
 */

import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { diskError, type OnNotice, RetrieveError, scanLines, writeFileAtomic } from "../std/index.ts";

export interface PartialFile extends AsyncDisposable {
  /** The whole lines that earlier runs left. */
  readonly lines: number;
  append(lines: readonly string[]): Promise<void>;
  /** Makes it the file, empty lines left out. */
  finish(): Promise<void>;
  /** Forgets what is done. */
  discard(): Promise<void>;
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
    return partialFile(file, path, out, left);
  } catch (error) {
    await file?.close();
    throw diskError(error, path);
  }
}

/** Tells that work goes on, and which partial files of `out` belong to other work. */
export async function tellPartials(
  out: string,
  key: string,
  { lines }: PartialFile,
  onNotice: OnNotice = () => undefined,
): Promise<void> {
  if (lines > 0) onNotice(`${out}: goes on after ${lines} rows that an earlier run left`);
  for (const path of await foreignPartials(out, key)) {
    onNotice(
      `${path}: left by a run with other parameters or input; delete it if you do not want that run any more`,
    );
  }
}

/** Partial files of `out` that belong to other work: other parameters, or input that has changed since. */
async function foreignPartials(out: string, key: string): Promise<string[]> {
  const names = await readdir(dirname(out)).catch(() => []);
  const own = basename(partialPath(out, key));
  const isPartial = (name: string): boolean =>
    name.startsWith(`${basename(out)}.`) && /\.[0-9a-f]{12}\.partial$/.test(name);
  return names.filter((name) => isPartial(name) && name !== own).map((name) => join(dirname(out), name));
}

function partialPath(out: string, key: string): string {
  return `${out}.${key.slice(0, 12)}.partial`;
}

interface Left {
  readonly lines: number;
  readonly empty: number;
  readonly bytes: number;
}

async function readLeft(path: string, onLine: (line: string) => void): Promise<Left> {
  let lines = 0;
  let empty = 0;
  let bytes = 0;
  for await (const line of scanLines(createReadStream(path))) {
    if (!line.ended) break;
    if (line.bytes.length === 0) empty++;
    else onLine(line.bytes.toString());
    lines++;
    bytes = line.start + line.bytes.length + 1;
  }
  return { lines, empty, bytes };
}

function partialFile(file: FileHandle, path: string, out: string, left: Left): PartialFile {
  let { empty } = left;
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw diskError(error, out);
    }
  };
  return {
    lines: left.lines,
    append: (added) => {
      empty += added.filter((line) => line === "\n").length;
      return attempt(() => file.appendFile(added.join("")));
    },
    finish: () =>
      attempt(async () => {
        await file.sync();
        if (empty === 0) return await rename(path, out);
        await writeFileAtomic(out, filledLines(path));
        await rm(path);
      }),
    discard: () => attempt(() => file.truncate(0)),
    [Symbol.asyncDispose]: async () => {
      const { size } = await file.stat();
      await file.close();
      if (size === 0) await rm(path, { force: true });
    },
  };
}

async function* filledLines(path: string): AsyncGenerator<string> {
  for await (const { bytes } of scanLines(createReadStream(path))) {
    if (bytes.length > 0) yield `${bytes.toString()}\n`;
  }
}
