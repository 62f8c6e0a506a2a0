/** Opens the folder of an index. */

import { join } from "node:path";
import type { TaskName } from "../../encoder/index.ts";
import { type Release, RetrieveError, takeLock } from "../../std/index.ts";
import type { Collection } from "../collection.ts";
import { createTurnstile } from "../turnstile.ts";
import { bytesIn, prepareFolder } from "./files.ts";
import { checkSpace, checkTask } from "./fingerprint.ts";
import type { IndexFolder, IndexFolderOptions } from "./index-folder.ts";
import { readManifest, succeed, writeManifest } from "./manifest.ts";
import { reindexFolder } from "./reindex.ts";
import { createSession, type FolderSession } from "./session.ts";

/**
 * Opens an index. A writer makes the folder where there is none, and holds its lock until it is closed.
 *
 * Throws `locked` when another process writes and `wait` is not set, `format_version` for an index of a newer
 * version, `invalid_data` for a damaged manifest.
 */
export async function openIndexFolder(path: string, options: IndexFolderOptions): Promise<IndexFolder> {
  if (options.readOnly === true) {
    const manifest = (await readManifest(path)) ?? { generation: 0, collections: [] };
    return folderOver(createSession(path, options, manifest), async () => {});
  }
  const release = await takeLock(join(path, "lock"), { ...options, remedy: "wait for it with --wait" });
  try {
    return folderOver(createSession(path, options, await prepareFolder(path)), release);
  } catch (error) {
    await release();
    throw error;
  }
}

function folderOver(session: FolderSession, release: Release): IndexFolder {
  const inTurn = createTurnstile();
  const close = async (): Promise<void> => {
    try {
      await inTurn(session.closeCollections);
    } finally {
      await release();
    }
  };
  return {
    path: session.path,
    get model() {
      return session.manifest.collections[0]?.model;
    },
    encoder: session.encoder,
    list: () => session.manifest.collections.map(({ table: _, ...info }) => info),
    bytes: () => bytesIn(session.path),
    collection: (name) => inTurn(() => find(session, name)),
    create: async (name, task) => {
      session.refuseReadOnly();
      return await inTurn(() => create(session, name, task));
    },
    reindex: async (encoder, options = {}) => {
      session.refuseReadOnly();
      return await inTurn(() => reindexFolder(session, encoder, options));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A reader looks at the manifest again, so that it sees new collections and follows a reindex. */
async function find(session: FolderSession, name: string): Promise<Collection | undefined> {
  if (session.readOnly) session.manifest = (await readManifest(session.path)) ?? session.manifest;
  const entry = session.entry(name);
  return entry === undefined ? undefined : await session.open(entry);
}

async function create(session: FolderSession, name: string, task: TaskName): Promise<Collection> {
  const present = session.entry(name);
  if (present !== undefined) return await session.open(checkTask(session.path, present, task));
  if (!/^[a-z][a-z0-9_-]*$/i.test(name)) {
    throw new RetrieveError(
      "invalid_argument",
      `collection ${name}: wanted a name of letters, digits, - and _`,
    );
  }
  const encoder = await session.encoder();
  for (const entry of session.manifest.collections) checkSpace(session.path, entry, encoder);
  const manifest = succeed(session.manifest, name, task, encoder);
  const entry = manifest.collections.find((made) => made.name === name);
  if (entry === undefined) throw new RetrieveError("internal", `the manifest lost the collection ${name}`);
  // The table first: readers must find every table that the manifest names.
  await (await session.openStore(entry)).close();
  await writeManifest(session.path, manifest);
  session.manifest = manifest;
  return await session.open(entry);
}
