/** Writing a table: each call is one commit. Calls wait for each other, so that versions follow one another. */

import type { OnNotice } from "../../std/index.ts";
import type { Filter } from "../filter.ts";
import { type Row, wellFormed } from "../record.ts";
import type { OptimiseReport } from "../vector-store.ts";
import { toArrow } from "./arrow.ts";
import { columnOf, nullColumn, schemaOf } from "./columns.ts";
import { filterSql, textSql } from "./filter-sql.ts";
import { maintain, optimise } from "./maintain.ts";
import type { Mirror } from "./mirror.ts";
import type { OpenedTable } from "./table.ts";

export interface Writer {
  upsert(rows: readonly Row[], replacing?: Filter): Promise<void>;
  delete(ids: readonly string[]): Promise<number>;
  optimise(): Promise<OptimiseReport>;
  /** Runs a task when the writes before it are done, before the writes after it begin. */
  inTurn<Result>(task: () => Promise<Result>): Promise<Result>;
}

export function createWriter(
  opened: OpenedTable,
  dimensions: number,
  mirror: Mirror,
  onNotice: OnNotice | undefined,
): Writer {
  const inTurn = createQueue();
  const { table } = opened;
  return {
    inTurn,
    upsert: (rows, replacing) =>
      inTurn(async () => {
        const before = await opened.state();
        const missing = newColumns(rows, before.columns);
        if (missing.length > 0) await table.addColumns(missing.map(nullColumn));
        const columns = new Set([...before.columns, ...missing]);
        const version = await mergeRows(opened, rows, columns, dimensions, replacing);
        const expected = before.version + (missing.length > 0 ? 1 : 0) + 1;
        if (version === expected) mirror.follow(before.version, version, (flat) => flat.put(rows, replacing));
        await maintain(opened, onNotice);
      }),
    delete: (ids) =>
      inTurn(async () => {
        const unique = [...new Set(ids.map(wellFormed))];
        if (unique.length === 0) return 0;
        const before = await opened.state();
        const where = `id in (${unique.map(textSql).join(", ")})`;
        const { version, numDeletedRows } = await table.delete(where);
        if (version === before.version + 1) {
          mirror.follow(before.version, version, (flat) => flat.remove(unique));
        }
        return numDeletedRows;
      }),
    optimise: () => inTurn(() => optimise(opened, onNotice)),
  };
}

/** Commits the rows; returns the version that holds them. */
async function mergeRows(
  { table }: OpenedTable,
  rows: readonly Row[],
  columns: ReadonlySet<string>,
  dimensions: number,
  replacing: Filter | undefined,
): Promise<number> {
  const stale = replacing === undefined ? "false" : filterSql(replacing, columns);
  if (rows.length === 0) return (await table.delete(stale)).version;
  let merge = table.mergeInsert("id").whenMatchedUpdateAll().whenNotMatchedInsertAll();
  if (stale !== "false") merge = merge.whenNotMatchedBySourceDelete({ where: stale });
  const { version } = await merge.execute(toArrow(rows, schemaOf(columns, dimensions)));
  return version;
}

/** Columns for keys, or types of a key, that the table has not seen. */
function newColumns(rows: readonly Row[], known: ReadonlySet<string>): string[] {
  const needed = rows.flatMap((row) =>
    Object.entries(row.metadata).map(([key, value]) => columnOf(key, value)),
  );
  return [...new Set(needed)].filter((column) => !known.has(column));
}

function createQueue(): Writer["inTurn"] {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const run = last.then(task, task);
    last = run.catch(() => undefined);
    return run;
  };
}
