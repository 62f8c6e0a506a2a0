/** Keeping a table quick: small files are merged, old versions removed, the approximate index kept up to date. */

import { messageOf, type OnNotice } from "../../std/index.ts";
import type { OptimiseReport } from "../vector-store.ts";
import { buildIndex } from "./approximate.ts";
import type { OpenedTable } from "./table.ts";

/** Tables up to this size are searched exactly, and so many rows may await the index. See `bench/store.mjs`. */
export const EXACT_LIMIT = 50_000;

/** Readers in other processes may still walk over a version for this long after it was replaced. */
const KEEP_VERSIONS_MS = 10 * 60_000;

/** Each write adds a file. Merging rewrites the table, so larger tables wait for more files. */
const FEWEST_FILES = 64;
const MOST_FILES = 512;
const RECORDS_PER_FILE = 256;

/** An index is built anew when the table has grown by this factor: the partitions have become too large. */
const REBUILD_GROWTH = 4;

/** What is due after a write. Nothing here can fail the write, which is committed. */
export async function maintain(opened: OpenedTable, onNotice: OnNotice | undefined): Promise<void> {
  try {
    const { numRows, fragmentStats } = await opened.table.stats();
    const allowed = Math.min(MOST_FILES, Math.max(FEWEST_FILES, numRows / RECORDS_PER_FILE));
    if (fragmentStats.numFragments > allowed) await compact(opened);
    if (numRows > EXACT_LIMIT) await refreshIndex(opened, numRows, EXACT_LIMIT / 2, onNotice);
  } catch (error) {
    onNotice?.(`${opened.place}: written, but tidying up failed: ${messageOf(error)}`);
  }
}

/** See `VectorStore.optimise`. */
export async function optimise(opened: OpenedTable, onNotice: OnNotice | undefined): Promise<OptimiseReport> {
  await compact(opened);
  const records = await opened.table.countRows();
  if (records > EXACT_LIMIT) await refreshIndex(opened, records, 0, onNotice);
  const { tuning } = await opened.state();
  return { records, index: tuning === undefined || records <= EXACT_LIMIT ? "exact" : "approximate" };
}

/** Builds the index where there is none or the table outgrew it; else adds rows to it when more than `waiting` wait. */
async function refreshIndex(
  opened: OpenedTable,
  records: number,
  waiting: number,
  onNotice: OnNotice | undefined,
): Promise<void> {
  const { table, place } = opened;
  const { tuning } = await opened.state();
  if (tuning === undefined || records > REBUILD_GROWTH * tuning.rows) {
    onNotice?.(
      `${place}: ${records.toLocaleString("en")} records, more than ${EXACT_LIMIT.toLocaleString("en")}: ` +
        "building an approximate index",
    );
    await buildIndex(table);
    return;
  }
  const [index] = (await table.listIndices()).filter(({ columns }) => columns.includes("vector"));
  const stats = index && (await table.indexStats(index.name));
  if ((stats?.numUnindexedRows ?? 0) > waiting) await compact(opened);
}

/** Merges small files, adds new rows to the index, forgets versions that nobody reads any more. */
async function compact({ table }: OpenedTable): Promise<void> {
  await table.optimize({ cleanupOlderThan: new Date(Date.now() - KEEP_VERSIONS_MS) });
}
