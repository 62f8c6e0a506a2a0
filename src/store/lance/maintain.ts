/** Keeping a table quick: small files are merged, old versions removed, the approximate index kept up to date. */

import { messageOf, type OnNotice } from "../../std/index.ts";
import type { OptimiseReport } from "../vector-store.ts";
import type { OpenedTable } from "./table.ts";

/** Readers in other processes may still walk over a version for this long after it was replaced. */
const KEEP_VERSIONS_MS = 10 * 60_000;

/** Each write adds a file. Merging rewrites the table, so larger tables wait for more files. */
const FEWEST_FILES = 64;
const MOST_FILES = 512;
const RECORDS_PER_FILE = 256;

/** What is due after a write. Nothing here can fail the write, which is committed. */
export async function maintain(opened: OpenedTable, onNotice: OnNotice | undefined): Promise<void> {
  try {
    const { numRows, fragmentStats } = await opened.table.stats();
    const allowed = Math.min(MOST_FILES, Math.max(FEWEST_FILES, numRows / RECORDS_PER_FILE));
    if (fragmentStats.numFragments > allowed) await compact(opened);
  } catch (error) {
    onNotice?.(`${opened.place}: written, but tidying up failed: ${messageOf(error)}`);
  }
}

/** See `VectorStore.optimise`. */
export async function optimise(
  opened: OpenedTable,
  _onNotice: OnNotice | undefined,
): Promise<OptimiseReport> {
  await compact(opened);
  return { records: await opened.table.countRows(), index: "exact" };
}

async function compact({ table }: OpenedTable): Promise<void> {
  await table.optimize({ cleanupOlderThan: new Date(Date.now() - KEEP_VERSIONS_MS) });
}
