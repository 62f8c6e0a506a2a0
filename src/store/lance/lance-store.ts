/**
 * The store on disk or object storage: one LanceDB table. A write is one commit of the table, so it is durable and
 * atomic when it resolves; readers in other processes see commits as they land. One writer at a time is assumed
 * (the index above holds a lock); a second one corrupts nothing but may be refused with `locked`.
 */

import { RetrieveError } from "../../std/index.ts";
import { checkFilter } from "../filter.ts";
import { checkDimensions, refuseWrites, toRows } from "../record.ts";
import type { VectorStore } from "../vector-store.ts";
import { guarded, lanceError } from "./lance-errors.ts";
import { createReader, foundRecords, storedRecords } from "./reader.ts";
import { type LanceStoreOptions, openTable } from "./table.ts";
import { createWriter } from "./writer.ts";

/**
 * Opens the store `name` in a folder or at a URI (`s3://…`), making it where it is not there. Several stores can share
 * a location.
 *
 * Searches are exact up to 50,000 records; above, an approximate index is built by itself (told by `onNotice`).
 * A search over 10,000 records takes about 15 ms from the files, then 2 ms from memory, which holds the records of
 * small stores that are searched more than once.
 *
 * Throws `not_found` for a read-only open of what is not there, `format_version` for a store of a newer version,
 * `invalid_argument` for other dimensions, `disk` when the disk refuses.
 */
export async function openLanceStore(
  location: string,
  name: string,
  options: LanceStoreOptions,
): Promise<VectorStore> {
  checkDimensions(options.dimensions);
  return storeOver(await openTable(location, name, options), options);
}

function storeOver(opened: Awaited<ReturnType<typeof openTable>>, options: LanceStoreOptions): VectorStore {
  const { dimensions, readOnly = false } = options;
  const { place, identity } = opened;
  const reader = createReader(opened, dimensions);
  const writer = createWriter(opened, dimensions, reader.mirror, options.onNotice);
  let open = true;

  const run = <Result>(work: () => Promise<Result>): Promise<Result> =>
    guarded(place, async () => {
      if (!open) throw new RetrieveError("invalid_argument", `${place}: closed; open it again to use it`);
      return work();
    });
  const write = <Result>(work: () => Promise<Result>): Promise<Result> =>
    run(async () => (readOnly ? refuseWrites() : work()));
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await writer.inTurn(async () => {
      reader.mirror.clear();
      opened.close();
    });
  };
  return {
    dimensions,
    upsert: (records, { replacing } = {}) =>
      write(async () => {
        if (replacing !== undefined) checkFilter(replacing);
        const rows = toRows(records, dimensions);
        if (rows.length > 0 || replacing !== undefined) await writer.upsert(rows, replacing);
      }),
    delete: (ids) => write(() => writer.delete(ids)),
    get: (ids) => run(() => reader.get(ids)),
    search: (vector, search) => run(() => reader.search(vector, search)),
    count: (filter) => run(() => reader.count(filter)),
    iterate({ filter, signal } = {}) {
      const stream = begun(run(() => writer.inTurn(() => reader.stream(filter, true))));
      return named(storedRecords(stream, signal), place);
    },
    iterateFound({ filter, signal } = {}) {
      const stream = begun(run(() => writer.inTurn(() => reader.stream(filter, false))));
      return named(foundRecords(stream, signal), place);
    },
    optimise: () => write(() => writer.optimise()),
    version: () => run(async () => `${identity}.${(await opened.state()).version}`),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A promise whose failure is reported to whoever awaits it, and to nobody where nobody does. */
function begun<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => undefined);
  return promise;
}

async function* named<Item>(items: AsyncIterable<Item>, place: string): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (error) {
    throw lanceError(error, place);
  }
}
