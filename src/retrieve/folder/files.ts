/** The files of an index folder besides the manifest: where they are, which are left over, how large they are. */

import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { diskError, RetrieveError, systemCode } from "../../std/index.ts";
import { type Manifest, readManifest, writeManifest } from "./manifest.ts";

/** The folder of a table. */
export function tableFolder(folder: string, table: string): string {
  return join(folder, "tables", table);
}

/** The BM25 index of a table. */
export function lexicalFile(folder: string, table: string): string {
  return join(folder, "lexical", `${table}.bin`);
}

/**
 * The manifest for a writer, made where the folder is new, after removing what a crash or a reindex left: tables and
 * files that it does not name.
 *
 * Throws `invalid_data` where there are tables and no manifest: they could be all that somebody has.
 */
export async function prepareFolder(folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  const tables = await namesIn(join(folder, "tables"));
  if (manifest === undefined) {
    if (tables.length > 0) {
      throw new RetrieveError(
        "invalid_data",
        `${folder}: has tables but no index.json; restore that file, or delete the folder and add everything again`,
      );
    }
    const empty: Manifest = { generation: 0, collections: [] };
    await writeManifest(folder, empty);
    return empty;
  }
  const named = new Set(manifest.collections.map(({ table }) => table));
  const leftTables = tables.filter((table) => !named.has(table)).map((table) => tableFolder(folder, table));
  const leftFiles = (await namesIn(join(folder, "lexical")))
    .filter((file) => !named.has(file.replace(/\.bin$/, "")))
    .map((file) => join(folder, "lexical", file));
  const halfWritten = (await namesIn(folder))
    .filter((file) => file.endsWith(".tmp"))
    .map((file) => join(folder, file));
  for (const path of [...leftTables, ...leftFiles, ...halfWritten])
    await rm(path, { recursive: true, force: true });
  return manifest;
}

/** Size of all files below, 0 where there is nothing. Files that vanish meanwhile count nothing. */
export async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(({ parentPath, name }) =>
      stat(join(parentPath, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw diskError(error, folder);
  }
}
