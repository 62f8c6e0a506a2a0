/** The catalogue of a store that other processes may write to, kept equal to it and filed between runs. */

import { messageOf } from "../std/index.ts";
import { createBm25 } from "./bm25.ts";
import { type Catalogue, createCatalogue } from "./catalogue.ts";
import { readCatalogue, writeCatalogue } from "./catalogue-file.ts";
import type { CollectionOptions } from "./collection.ts";
import { createTurnstile, type Turnstile } from "./turnstile.ts";

/** All but `exclusive` itself is called inside `exclusive`. */
export interface LiveCatalogue {
  readonly exclusive: Turnstile;
  /** The catalogue as of the store's present version. */
  current(): Promise<Catalogue>;
  /** A write to the store, and the same change to the catalogue once it is durable. */
  commit(write: () => Promise<unknown>, follow: (catalogue: Catalogue) => void): Promise<void>;
  /** Writes the file if the catalogue is newer. Failing is told, not thrown. */
  save(): Promise<void>;
}

export function liveCatalogue({
  store,
  lexicalFile,
  bm25,
  readOnly,
  onNotice,
}: CollectionOptions): LiveCatalogue {
  let catalogue: Catalogue | undefined;
  let version: string | undefined;
  let filedVersion: string | undefined;

  const load = async (): Promise<Catalogue> => {
    const filed = lexicalFile === undefined ? undefined : await readCatalogue(lexicalFile, onNotice);
    version = filed?.version;
    filedVersion = filed?.version;
    return filed?.catalogue ?? createCatalogue([], createBm25(bm25));
  };

  const current = async (): Promise<Catalogue> => {
    catalogue ??= await load();
    const stored = await store.version();
    if (stored !== version) {
      await catalogue.follow(store.iterateFound());
      version = stored;
    }
    return catalogue;
  };

  return {
    exclusive: createTurnstile(),
    current,
    commit: async (write, follow) => {
      const followed = await current();
      await write();
      follow(followed);
      version = await store.version();
    },
    save: async () => {
      if (catalogue === undefined || version === undefined || version === filedVersion) return;
      if (lexicalFile === undefined || readOnly === true) return;
      try {
        await writeCatalogue(lexicalFile, { version, catalogue });
        filedVersion = version;
      } catch (error) {
        // The documents are safe in the store: a missing file costs time at the next start, nothing else.
        onNotice?.(`the BM25 index could not be kept and is built again next time: ${messageOf(error)}`);
      }
    },
  };
}
