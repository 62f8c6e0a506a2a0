/** Training rows of a file as a stream, and back. */

import { formatRow, parseRow, type TrainingRow } from "../dataset/index.ts";
import { formatJsonLine, readJsonLines, writeFileAtomic } from "../std/index.ts";

export async function* readRows(path: string): AsyncGenerator<TrainingRow> {
  for await (const { value, place } of readJsonLines(path)) yield parseRow(value, place);
}

/** Writes the rows that `pick` gives for those of `paths`, in their order; how many. The file appears when it is complete. */
export async function writeRows(
  out: string,
  paths: readonly string[],
  pick: (row: TrainingRow) => TrainingRow | undefined,
  signal?: AbortSignal,
): Promise<number> {
  let count = 0;
  const lines = async function* (): AsyncGenerator<string> {
    for (const path of paths) {
      for await (const row of readRows(path)) {
        signal?.throwIfAborted();
        const picked = pick(row);
        if (picked === undefined) continue;
        count++;
        yield formatJsonLine(formatRow(picked));
      }
    }
  };
  await writeFileAtomic(out, lines());
  return count;
}

/** A name as part of a file name. */
export function fileName(text: string): string {
  return text.replaceAll(/[^\w.-]+/g, "-").replace(/^[.-]+/, "") || "set";
}
