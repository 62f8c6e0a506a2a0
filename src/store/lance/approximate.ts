import type { Table } from "@lancedb/lancedb";
import type { TableState } from "./table.ts";
export async function probesFor(
  _table: Table,
  _state: TableState,
  _where: string | undefined,
): Promise<number | undefined> {
  return undefined;
}
