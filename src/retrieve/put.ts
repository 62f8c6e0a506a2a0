/** Source records into a collection: only what is new or changed is encoded, each record whole or not at all. */

import { RetrieveError } from "../std/index.ts";
import type { StoredRecord } from "../store/index.ts";
import { type Catalogue, recordField, storedMetadata } from "./catalogue.ts";
import type { CollectionOptions, Document, PutOptions, PutReport, SourceRecord } from "./collection.ts";
import type { LiveCatalogue } from "./live-catalogue.ts";

export interface PutContext extends CollectionOptions {
  readonly live: LiveCatalogue;
}

/** See {@link Collection.put}. */
export async function putRecords(
  context: PutContext,
  records: AsyncIterable<SourceRecord> | Iterable<SourceRecord>,
  options: PutOptions,
): Promise<PutReport> {
  const put = await createPut(context, options);
  try {
    for await (const record of records) {
      options.signal?.throwIfAborted();
      await put.take(record);
    }
    await put.flush();
    if (options.sync === true) await put.removeVanished();
    return put.report;
  } finally {
    await context.live.exclusive(context.live.save);
  }
}

interface Put {
  readonly report: PutReport;
  take(record: SourceRecord): Promise<void>;
  /** Makes what was taken durable. */
  flush(): Promise<void>;
  removeVanished(): Promise<void>;
}

async function createPut(context: PutContext, options: PutOptions): Promise<Put> {
  const { live, store, batchSize = 256 } = context;
  const { records, entries } = await live.exclusive(live.current);
  const report = { added: 0, updated: 0, unchanged: 0, removed: 0 };
  const origins = new Set(options.origins);
  const seen = new Map<string, Brought>();
  let batch = new Map<string, SourceRecord>();
  let waiting = 0;
  let encoded = 0;

  const take = async (record: SourceRecord): Promise<void> => {
    origins.add(record.origin);
    const earlier = seen.get(record.id);
    seen.set(record.id, { hash: record.hash, source: record.documents[0]?.source ?? record.origin });
    if (earlier !== undefined) {
      if (earlier.hash === record.hash) return;
      throw twice(record, earlier);
    }
    if (records.get(record.id)?.hash === record.hash) {
      report.unchanged++;
      return;
    }
    checkDocuments(record, (id) => entries.get(id)?.record);
    batch.set(record.id, record);
    waiting += record.documents.length;
    if (waiting >= batchSize) await flush();
  };

  const flush = async (): Promise<void> => {
    if (batch.size === 0) return;
    const taken = [...batch.values()];
    const stored = await encodeRecords(context, taken, options, encoded);
    encoded += stored.length;
    await live.exclusive(async () => {
      const known = taken.map(({ id }) => id).filter((id) => records.has(id));
      await live.commit(
        () =>
          store.upsert(stored, known.length === 0 ? {} : { replacing: { field: recordField, in: known } }),
        (catalogue) => follow(catalogue, taken),
      );
      for (const record of taken) report[outcome(record, known)]++;
    });
    batch = new Map();
    waiting = 0;
    options.onCommit?.(report.added + report.updated);
  };

  const removeVanished = (): Promise<void> =>
    live.exclusive(async () => {
      const vanished = [...records].filter(([id, { origin }]) => origins.has(origin) && !seen.has(id));
      report.removed += vanished.length;
      await deleteDocuments(
        context,
        vanished.flatMap(([, { documents }]) => [...documents]),
      );
    });

  return { report, take, flush, removeVanished };
}

/** Inside `exclusive`: removes documents from the store and the catalogue. */
export async function deleteDocuments({ live, store }: PutContext, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await live.commit(
    () => store.delete(ids),
    (catalogue) => ids.forEach(catalogue.remove),
  );
}

function outcome({ id, documents }: SourceRecord, known: readonly string[]): keyof PutReport {
  if (!known.includes(id)) return documents.length === 0 ? "unchanged" : "added";
  return documents.length === 0 ? "removed" : "updated";
}

/** The stored form of every document; `before` counts those encoded earlier in the call, for the progress. */
async function encodeRecords(
  { encoder, task }: PutContext,
  records: readonly SourceRecord[],
  { signal, onProgress }: PutOptions,
  before: number,
): Promise<StoredRecord[]> {
  const texts = records.flatMap(({ documents }) => documents.map(({ text }) => text));
  if (texts.length === 0) return [];
  const vectors = await (await encoder()).encodeDocuments(texts, {
    task,
    ...(signal === undefined ? {} : { signal }),
    onProgress: ({ done }) => onProgress?.({ done: before + done, unit: "documents" }),
  });
  let next = 0;
  return records.flatMap((record) =>
    record.documents.map((document) => toStored(record, document, vectors[next++])),
  );
}

/** Lists the documents of written records, and those only. */
function follow(catalogue: Catalogue, records: readonly SourceRecord[]): void {
  for (const record of records) {
    for (const id of [...(catalogue.records.get(record.id)?.documents ?? [])]) catalogue.remove(id);
    for (const document of record.documents) catalogue.set(entryFor(record, document), document.text);
  }
}

function entryFor(record: SourceRecord, { id, metadata }: Document): Parameters<typeof storedMetadata>[0] {
  return { id, record: record.id, hash: record.hash, origin: record.origin, metadata };
}

function toStored(record: SourceRecord, document: Document, vector: Float32Array | undefined): StoredRecord {
  if (vector === undefined)
    throw new RetrieveError("internal", `the encoder gave no vector for ${document.id}`);
  const { id, text, value, source } = document;
  return {
    id,
    vector,
    text,
    metadata: storedMetadata(entryFor(record, document)),
    payload: { value, source },
  };
}

/** What a record of this call was and where it came from. */
interface Brought {
  readonly hash: string;
  readonly source: string;
}

function twice({ id, documents, origin }: SourceRecord, earlier: Brought): RetrieveError {
  return new RetrieveError(
    "invalid_data",
    `record ${id} is in ${earlier.source} and, with other content, in ${documents[0]?.source ?? origin}; ` +
      "give each record an id of its own",
  );
}

/** A document id names its record, so no two records can claim one document. */
function checkDocuments(
  { id, documents }: SourceRecord,
  ownerOf: (document: string) => string | undefined,
): void {
  const ids = new Set<string>();
  for (const document of documents) {
    const owner = ownerOf(document.id) ?? id;
    if (owner !== id || ids.has(document.id)) {
      throw new RetrieveError(
        "invalid_argument",
        `document ${document.id} of record ${id}: the id is taken by a document of record ${owner}; ` +
          "wanted RECORD for a whole record and RECORD#n for its chunks, with a record id of its own",
      );
    }
    ids.add(document.id);
  }
}
