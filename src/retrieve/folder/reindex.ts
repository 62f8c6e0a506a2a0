/** A new encoder for a whole index: new tables beside the present ones, then one atomic switch. */

import { copyFile, mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Encoder } from "../../encoder/index.ts";
import { diskError, systemCode } from "../../std/index.ts";
import type { FoundRecord, VectorStore } from "../../store/index.ts";
import { lexicalFile, tableFolder } from "./files.ts";
import type { ReindexOptions } from "./index-folder.ts";
import { type ManifestEntry, succeed, writeManifest } from "./manifest.ts";
import type { FolderSession } from "./session.ts";

const batchSize = 256;

/**
 * See {@link IndexFolder.reindex}. A crash or an error before the switch leaves tables that no manifest names: the
 * next writer removes them. The replaced tables go the same way, so that readers can finish with them.
 */
export async function reindexFolder(
  session: FolderSession,
  encoder: Encoder,
  options: ReindexOptions,
): Promise<{ readonly documents: number }> {
  const counted = await Promise.all(session.manifest.collections.map((entry) => countOf(session, entry)));
  const total = counted.reduce((sum, count) => sum + count, 0);
  let documents = 0;
  let manifest = session.manifest;
  for (const entry of session.manifest.collections) {
    manifest = succeed(manifest, entry.name, entry.task, encoder);
    const next = manifest.collections.find(({ name }) => name === entry.name) ?? entry;
    await rm(tableFolder(session.path, next.table), { recursive: true, force: true }); // of a failed attempt
    await using source = await session.openStore(entry);
    await using target = await session.openStore(next);
    for await (const batch of inBatches(source.iterateFound(abortOf(options)))) {
      await encodeInto(target, batch, entry.task, encoder, options);
      documents += batch.length;
      options.onProgress?.({ done: documents, total, unit: "documents" });
    }
    await target.optimise();
    await copyLexical(lexicalFile(session.path, entry.table), lexicalFile(session.path, next.table));
  }
  await session.closeCollections();
  await writeManifest(session.path, manifest);
  session.manifest = manifest;
  session.useEncoder(encoder);
  return { documents };
}

async function countOf(session: FolderSession, entry: ManifestEntry): Promise<number> {
  await using store = await session.openStore(entry);
  return await store.count();
}

async function encodeInto(
  target: VectorStore,
  batch: readonly FoundRecord[],
  task: string,
  encoder: Encoder,
  options: ReindexOptions,
): Promise<void> {
  const vectors = await encoder.encodeDocuments(
    batch.map(({ text }) => text),
    { task, ...abortOf(options) },
  );
  await target.upsert(
    batch.flatMap((record, index) => {
      const vector = vectors[index];
      return vector === undefined ? [] : [{ ...record, vector }];
    }),
  );
}

/** The texts stay the same, and so does what is derived from them. */
async function copyLexical(from: string, to: string): Promise<void> {
  try {
    await mkdir(dirname(to), { recursive: true });
    await copyFile(from, to);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw diskError(error, to);
  }
}

async function* inBatches(records: AsyncIterable<FoundRecord>): AsyncGenerator<FoundRecord[]> {
  let batch: FoundRecord[] = [];
  for await (const record of records) {
    batch.push(record);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function abortOf({ signal }: ReindexOptions): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
