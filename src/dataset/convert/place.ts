/** Files of a data set: found in a folder by split, or named themselves. */

import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { diskError, type JsonLine, RetrieveError, readJsonArray, readJsonLines } from "../../std/index.ts";

/** `source` where it is a file; of a folder the first of `names` that is there. Throws `not_found` naming them. */
export async function fileIn(source: string, names: readonly string[]): Promise<string> {
  const found = await stat(source).catch((error: unknown) => {
    throw diskError(error, source);
  });
  if (found.isFile()) return source;
  for (const name of names) if (await isFile(join(source, name))) return join(source, name);
  throw new RetrieveError("not_found", `${source}: holds none of ${names.join(", ")}`);
}

export async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true;
}

/** Values of a file of JSON Lines, or of one JSON array, by the first character of the file. */
export async function* readItems(path: string): AsyncGenerator<JsonLine> {
  yield* (await beginsWithBracket(path)) ? readJsonArray(path) : readJsonLines(path);
}

async function beginsWithBracket(path: string): Promise<boolean> {
  const file = await open(path).catch((error: unknown) => {
    throw diskError(error, path);
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return /^\ufeff?\s*\[/.test(buffer.toString("utf8", 0, bytesRead));
  } finally {
    await file.close();
  }
}
