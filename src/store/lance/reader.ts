/** Reading a table: by id, by filter, by nearness. Every call sees the newest commit of whatever process. */

import { checkFilter, type Filter } from "../filter.ts";
import { createFlat, type Flat } from "../flat.ts";
import { checkSearch, toFound, toStored, wellFormed } from "../record.ts";
import type { FoundRecord, Hit, SearchOptions, StoredRecord } from "../vector-store.ts";
import { probesFor } from "./approximate.ts";
import { foundRows, type ResultBatch, wholeRows } from "./arrow.ts";
import { FOUND_COLUMNS } from "./columns.ts";
import { filterSql, textSql } from "./filter-sql.ts";
import { EXACT_LIMIT } from "./maintain.ts";
import { createMirror, type Mirror } from "./mirror.ts";
import { nearest } from "./nearest.ts";
import type { OpenedTable, TableState } from "./table.ts";

/** A filter that keeps a smaller part of the records than this is answered exactly. */
const SELECTIVE = 0.05;

export interface Reader {
  readonly mirror: Mirror;
  get(ids: readonly string[]): Promise<(StoredRecord | undefined)[]>;
  search(vector: Float32Array, options: SearchOptions): Promise<Hit[]>;
  count(filter?: Filter): Promise<number>;
  /** Starts reading at once; the rows are those of this moment. */
  stream(filter: Filter | undefined, withVectors: boolean): Promise<RowStream>;
}

export type RowStream = AsyncIterator<ResultBatch>;

export function createReader(opened: OpenedTable, dimensions: number): Reader {
  const { table } = opened;
  const mirror = createMirror((version) => loadFlat(opened, dimensions, version));

  const where = async (filter: Filter | undefined): Promise<string | undefined> => {
    if (filter === undefined) return undefined;
    checkFilter(filter);
    return filterSql(filter, (await opened.state()).columns);
  };
  return {
    mirror,
    async get(ids) {
      const wanted = ids.map(wellFormed);
      const flat = mirror.held((await opened.state()).version);
      const rows = flat ?? (await rowsById(opened, [...new Set(wanted)]));
      return wanted.map((id) => rows.get(id));
    },
    async search(vector, options) {
      const { topK, filter, signal } = options;
      checkSearch(vector, options, dimensions);
      signal?.throwIfAborted();
      const state = await opened.state();
      const flat = await mirror.at(state.version);
      if (flat !== undefined) return flat.search(vector, options);
      const sql = filter && filterSql(filter, state.columns);
      const probes = options.exact === true ? undefined : await chooseProbes(opened, state, sql);
      return nearest(table, vector, { topK, where: sql, probes, signal });
    },
    count: async (filter) => table.countRows(await where(filter)),
    async stream(filter, withVectors) {
      const sql = await where(filter);
      const query = table.query().select([...FOUND_COLUMNS, ...(withVectors ? ["vector"] : [])]);
      return started((sql === undefined ? query : query.where(sql))[Symbol.asyncIterator]());
    },
  };
}

/** The records of a stream that began earlier. */
export async function* storedRecords(
  stream: Promise<RowStream>,
  signal?: AbortSignal,
): AsyncGenerator<StoredRecord> {
  for await (const batch of batches(stream, signal)) for (const row of wholeRows(batch)) yield toStored(row);
}

/** As {@link storedRecords}, of a stream without vectors. */
export async function* foundRecords(
  stream: Promise<RowStream>,
  signal?: AbortSignal,
): AsyncGenerator<FoundRecord> {
  for await (const batch of batches(stream, signal)) for (const row of foundRows(batch)) yield toFound(row);
}

async function* batches(stream: Promise<RowStream>, signal?: AbortSignal): AsyncGenerator<ResultBatch> {
  const iterator = await stream;
  try {
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
      signal?.throwIfAborted();
      yield step.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** The same iterator with its first step taken, which is what fixes the version that it reads. */
async function started(iterator: RowStream): Promise<RowStream> {
  let first: IteratorResult<ResultBatch> | undefined = await iterator.next();
  return {
    next() {
      const step = first === undefined ? iterator.next() : Promise.resolve(first);
      first = undefined;
      return step;
    },
    return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
  };
}

async function rowsById({ table }: OpenedTable, ids: readonly string[]): Promise<Map<string, StoredRecord>> {
  const rows = new Map<string, StoredRecord>();
  if (ids.length === 0) return rows;
  const query = table.query().where(`id in (${ids.map(textSql).join(", ")})`);
  for await (const batch of query.select([...FOUND_COLUMNS, "vector"])) {
    for (const row of wholeRows(batch)) rows.set(row.id, toStored(row));
  }
  return rows;
}

/** The rows of exactly this version, or undefined where they are too many or no longer the newest. */
async function loadFlat(opened: OpenedTable, dimensions: number, version: number): Promise<Flat | undefined> {
  if ((await opened.table.countRows()) > EXACT_LIMIT) return undefined;
  const flat = createFlat(dimensions);
  for await (const batch of opened.table.query().select([...FOUND_COLUMNS, "vector"])) {
    flat.put([...wholeRows(batch)]);
  }
  return (await opened.state()).version === version ? flat : undefined;
}

/** How many partitions to look into, or undefined where a scan answers: no index, few rows, or a filter that leaves few. */
async function chooseProbes(
  { table }: OpenedTable,
  { tuning }: TableState,
  where: string | undefined,
): Promise<number | undefined> {
  if (tuning === undefined) return undefined;
  const all = await table.countRows();
  if (all <= EXACT_LIMIT) return undefined;
  const kept = where === undefined ? all : await table.countRows(where);
  return kept < SELECTIVE * all ? undefined : probesFor(tuning, kept / all);
}
