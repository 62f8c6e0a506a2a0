/** A {@link Collection} over a vector store. */

import { RetrieveError } from "../std/index.ts";
import type { StoredRecord } from "../store/index.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Collection, CollectionOptions } from "./collection.ts";
import { liveCatalogue } from "./live-catalogue.ts";
import { deleteDocuments, putRecords } from "./put.ts";
import { documentOf, searchCollection } from "./search.ts";

/** A collection over `store`, empty or filled by an earlier one. Cheap: the BM25 index is read at the first need. */
export function openCollection(options: CollectionOptions): Collection {
  const { store, encoder, task } = options;
  const live = liveCatalogue(options);
  const catalogue = (): Promise<Catalogue> => live.exclusive(live.current);
  const context = { store, encoder, task, catalogue };

  const writable = (): void => {
    if (options.readOnly !== true) return;
    throw new RetrieveError(
      "invalid_argument",
      "this collection is open for reading only; open it for writing",
    );
  };
  const close = async (): Promise<void> => {
    await live.exclusive(async () => {
      await live.save();
      await store.close();
    });
  };

  return {
    count: async () => {
      const { records, entries } = await catalogue();
      return { records: records.size, documents: entries.size };
    },
    put: async (records, given = {}) => {
      writable();
      return putRecords({ ...options, live }, records, given);
    },
    remove: async (ids) => {
      writable();
      return live.exclusive(async () => {
        const { records } = await live.current();
        const present = [...new Set(ids)].filter((id) => records.has(id));
        const documents = present.flatMap((id) => [...(records.get(id)?.documents ?? [])]);
        await deleteDocuments({ ...options, live }, documents);
        await live.save();
        return present.length;
      });
    },
    search: (query, given = {}) =>
      searchCollection(context, typeof query === "string" ? { text: query } : query, given),
    get: async (ids) => (await store.get(ids)).map((record) => record && documentOf(record)),
    iterate: (given) => documentsOf(store.iterateFound(given)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function* documentsOf(
  stored: AsyncIterable<Omit<StoredRecord, "vector">>,
): AsyncIterable<ReturnType<typeof documentOf>> {
  for await (const record of stored) yield documentOf(record);
}
