/**
 * What a collection knows without asking the store: its source records with their hashes, the metadata of every
 * document, and the BM25 index. All of it is derived from the store and can be read from there again.
 */

import type { FoundRecord, Scalar } from "../store/index.ts";
import { type Bm25Index, createBm25 } from "./bm25.ts";

/** A document as the catalogue lists it. */
export interface CatalogueEntry {
  readonly id: string;
  /** Id of its source record. */
  readonly record: string;
  /** Of its source record: documents of one id and hash are equal. */
  readonly hash: string;
  readonly origin: string;
  readonly metadata: Readonly<Record<string, Scalar>>;
}

/** A source record as the catalogue lists it. */
export interface CatalogueRecord {
  readonly hash: string;
  readonly origin: string;
  readonly documents: Set<string>;
}

export interface Catalogue {
  readonly bm25: Bm25Index;
  /** By document id. */
  readonly entries: ReadonlyMap<string, CatalogueEntry>;
  /** By source record id. */
  readonly records: ReadonlyMap<string, CatalogueRecord>;
  /** Adds a document, or replaces the one of this id. */
  set(entry: CatalogueEntry, text: string): void;
  remove(id: string): void;
  /** Makes the catalogue list exactly what a store holds; texts that are listed already are not read again. */
  follow(stored: AsyncIterable<FoundRecord>): Promise<void>;
}

/** A catalogue of nothing, or of what an earlier one listed. */
export function createCatalogue(
  listed: readonly CatalogueEntry[] = [],
  bm25: Bm25Index = createBm25(),
): Catalogue {
  const entries = new Map<string, CatalogueEntry>();
  const records = new Map<string, CatalogueRecord>();

  const remove = (id: string): void => {
    const entry = entries.get(id);
    if (entry === undefined) return;
    entries.delete(id);
    bm25.remove(id);
    const record = records.get(entry.record);
    record?.documents.delete(id);
    if (record?.documents.size === 0) records.delete(entry.record);
  };

  const list = (entry: CatalogueEntry): void => {
    const { id, record, hash, origin } = entry;
    entries.set(id, entry);
    const documents = records.get(record)?.documents ?? new Set();
    records.set(record, { hash, origin, documents: documents.add(id) });
  };

  const set = (entry: CatalogueEntry, text: string): void => {
    remove(entry.id);
    list(entry);
    bm25.add(entry.id, text);
  };

  for (const entry of listed) list(entry);
  return {
    bm25,
    entries,
    records,
    set,
    remove,
    follow: async (stored) => {
      const gone = new Set(entries.keys());
      for await (const found of stored) {
        gone.delete(found.id);
        const entry = entryOf(found);
        const known = entries.get(found.id);
        if (known?.hash !== entry.hash || known.record !== entry.record) set(entry, found.text);
      }
      for (const id of gone) remove(id);
    },
  };
}

/** The keys under which a document's source record stands in its metadata. */
const recordKey = "_record";
const hashKey = "_hash";
const originKey = "_origin";

/** The metadata key that holds the source record's id, for filters. */
export const recordField: string = recordKey;

/** A document's metadata with its source record in it, as stored. */
export function storedMetadata(entry: CatalogueEntry): Record<string, Scalar> {
  const { metadata, record, hash, origin } = entry;
  return { ...metadata, [recordKey]: record, [hashKey]: hash, [originKey]: origin };
}

/** The reverse of {@link storedMetadata}. */
export function entryOf(found: Pick<FoundRecord, "id" | "metadata">): CatalogueEntry {
  const { [recordKey]: record, [hashKey]: hash, [originKey]: origin, ...metadata } = found.metadata;
  return { id: found.id, record: `${record}`, hash: `${hash}`, origin: `${origin}`, metadata };
}
