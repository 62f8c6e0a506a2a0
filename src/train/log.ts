/**
 * What each update did, a line of JSON each in `OUT/training/log.jsonl`. What an interrupted run did after its last
 * checkpoint is taken back when it goes on.
 */

import { appendFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { diskError, formatJsonLine, RetrieveError, readText, writeFileAtomic } from "../std/index.ts";
import type { LogEntry } from "./report.ts";

export interface RunLog {
  /** All entries so far, by step. */
  readonly entries: readonly LogEntry[];
  append(entry: LogEntry): Promise<void>;
}

/** The log of a run that has done `step` updates: later entries are dropped. */
export async function openLog(out: string, step: number): Promise<RunLog> {
  const path = join(out, "training", "log.jsonl");
  const entries = step === 0 ? [] : (await readEntries<LogEntry>(path)).filter((entry) => entry.step <= step);
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw diskError(error, path);
  });
  await writeFileAtomic(path, entries.map(formatJsonLine).join(""));
  return {
    entries,
    append: async (entry) => {
      await appendFile(path, formatJsonLine(entry)).catch((error: unknown) => {
        throw diskError(error, path);
      });
      entries.push(entry);
    },
  };
}

/** The lines of a file that this run wrote; none where it is not there. */
export async function readEntries<Entry>(path: string): Promise<Entry[]> {
  const text = await readText(path).catch((error: unknown) => {
    if (RetrieveError.isInstance(error) && error.code === "not_found") return "";
    throw error;
  });
  // A kill may have cut the last line; it is later than any checkpoint.
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as Entry];
    } catch {
      return [];
    }
  });
}
