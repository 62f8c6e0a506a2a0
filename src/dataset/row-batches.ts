/** Training rows of a file as a stream, some at a time, each with its place. */

import { readJsonLines } from "../std/index.ts";
import { parseRow, type TrainingRow } from "./row.ts";

export interface PlacedRow {
  readonly row: TrainingRow;
  /** `FILE:LINE`, for errors. */
  readonly place: string;
}

/** The rows from number `skip` (default 0) to before number `end` (default all), `size` at a time. */
export async function* rowBatches(
  path: string,
  size: number,
  { skip = 0, end = Number.POSITIVE_INFINITY }: { readonly skip?: number; readonly end?: number },
): AsyncGenerator<PlacedRow[]> {
  let number = 0;
  let batch: PlacedRow[] = [];
  for await (const { value, place } of readJsonLines(path)) {
    if (number >= end) break;
    if (number++ < skip) continue;
    if (batch.push({ row: parseRow(value, place), place }) < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
