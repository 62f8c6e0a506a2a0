/** Folders to files, in the same order on every machine. */

import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { diskError, type OnNotice, systemCode } from "../../std/index.ts";

export interface FoundFile {
  readonly path: string;
  /** The source that it was found under: the argument as given. */
  readonly origin: string;
  /** Whether the source is this very file: what is wrong with it then concerns the person who named it. */
  readonly named: boolean;
}

/**
 * The files of some sources: a file itself, a folder all the way down, names in code unit order. Under a folder,
 * hidden files and folders, `node_modules`, indexes, and what is no file (sockets, pipes) are left out. Links are followed,
 * each file is found once and a loop ends; a link to nothing is left out with a notice.
 *
 * Throws `not_found` for a source that is not there.
 */
export async function* listFiles(
  sources: readonly string[],
  options: { readonly onNotice?: OnNotice } = {},
): AsyncGenerator<FoundFile> {
  const seen = new Set<string>();
  for (const origin of sources) {
    try {
      const named = (await stat(origin)).isFile();
      for await (const path of walk(origin, seen, options.onNotice)) yield { path, origin, named };
    } catch (error) {
      throw diskError(error, origin);
    }
  }
}

async function* walk(
  path: string,
  seen: Set<string>,
  onNotice: OnNotice | undefined,
): AsyncGenerator<string> {
  const kind = await lookAt(path, seen, onNotice);
  if (kind === "file") yield path;
  if (kind !== "folder") return;
  const names = await readdir(path);
  if (names.includes("index.json") && names.includes("tables")) return; // an index, perhaps the one being written
  const wanted = names.filter((name) => !name.startsWith(".") && name !== "node_modules").sort();
  for (const name of wanted) yield* walk(join(path, name), seen, onNotice);
}

/** What a path is, links followed; undefined for what was seen before, is neither, or leads nowhere. */
async function lookAt(
  path: string,
  seen: Set<string>,
  onNotice: OnNotice | undefined,
): Promise<"file" | "folder" | undefined> {
  try {
    const real = await realpath(path);
    if (seen.has(real)) return undefined;
    seen.add(real);
    const found = await stat(real);
    if (found.isFile()) return "file";
    return found.isDirectory() ? "folder" : undefined;
  } catch (error) {
    if (systemCode(error) !== "ENOENT" && systemCode(error) !== "ELOOP") throw diskError(error, path);
    onNotice?.(`${path}: a link that leads nowhere, skipped`);
    return undefined;
  }
}
