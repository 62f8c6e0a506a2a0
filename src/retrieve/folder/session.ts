/** An opened index folder from inside: the manifest as this process knows it, the encoder, the opened tables. */

import type { Encoder } from "../../encoder/index.ts";
import { RetrieveError } from "../../std/index.ts";
import { openLanceStore, type StoreOptions, type VectorStore } from "../../store/index.ts";
import type { Collection } from "../collection.ts";
import { openCollection } from "../open-collection.ts";
import { lexicalFile, tableFolder } from "./files.ts";
import { checkSpace } from "./fingerprint.ts";
import type { IndexFolderOptions } from "./index-folder.ts";
import type { Manifest, ManifestEntry } from "./manifest.ts";

export interface FolderSession {
  readonly path: string;
  readonly readOnly: boolean;
  manifest: Manifest;
  /** The encoder that all collections are under. */
  encoder(): Promise<Encoder>;
  /** From now on the encoder is another one. */
  useEncoder(encoder: Encoder): void;
  entry(name: string): ManifestEntry | undefined;
  openStore(entry: ManifestEntry): Promise<VectorStore>;
  /** The collection of a table, opened once. */
  open(entry: ManifestEntry): Promise<Collection>;
  closeCollections(): Promise<void>;
  /** Throws `invalid_argument` where the folder is open for reading only. */
  refuseReadOnly(): void;
}

export function createSession(path: string, options: IndexFolderOptions, manifest: Manifest): FolderSession {
  const { readOnly = false, openTable = openLanceTable } = options;
  const notice = options.onNotice === undefined ? {} : { onNotice: options.onNotice };
  const opened = new Map<string, Promise<Collection>>();
  let encoder: Promise<Encoder> | undefined;

  const session: FolderSession = {
    path,
    readOnly,
    manifest,
    encoder: () => {
      encoder ??= options.encoder(session.manifest.collections[0]?.model).catch((error: unknown) => {
        encoder = undefined; // the next call tries again
        throw error;
      });
      return encoder;
    },
    useEncoder: (next) => {
      encoder = Promise.resolve(next);
    },
    entry: (name) => session.manifest.collections.find((entry) => entry.name === name),
    openStore: ({ table, dimensions }) =>
      openTable(tableFolder(path, table), { dimensions, readOnly, ...notice }),
    open: (entry) => {
      const collection = opened.get(entry.table) ?? openEntry(entry);
      opened.set(entry.table, collection);
      collection.catch(() => opened.delete(entry.table));
      return collection;
    },
    closeCollections: async () => {
      const collections = await Promise.allSettled(opened.values());
      opened.clear();
      for (const result of collections) if (result.status === "fulfilled") await result.value.close();
    },
    refuseReadOnly: () => {
      if (!readOnly) return;
      throw new RetrieveError(
        "invalid_argument",
        `${path}: open for reading only; open it for writing to change it`,
      );
    },
  };

  const openEntry = async (entry: ManifestEntry): Promise<Collection> =>
    openCollection({
      store: await session.openStore(entry),
      encoder: async () => checkSpace(path, entry, await session.encoder()),
      task: entry.task,
      lexicalFile: lexicalFile(path, entry.table),
      readOnly,
      ...notice,
    });
  return session;
}

function openLanceTable(folder: string, options: StoreOptions): Promise<VectorStore> {
  return openLanceStore(folder, "records", options);
}
