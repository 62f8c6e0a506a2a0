/**
 * A file of training rows, read by number: one pass checks every row and remembers where each stands, and a row is
 * read from the disk when it is wanted. Memory: 12 bytes a row, whatever the texts weigh.
 */

import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import {
  diskError,
  type OnNotice,
  type OnProgress,
  parseJsonLine,
  RetrieveError,
  scanLines,
} from "../std/index.ts";
import { candidatesOf, checkTask, parseRow, type TrainingRow } from "./row.ts";

/** One data set: the rows of a file that passed the filters, in its order. */
export interface RowFile extends AsyncDisposable {
  readonly path: string;
  readonly name: string;
  readonly task: string;
  /** Rows that {@link read} gives. */
  readonly length: number;
  /** SHA-256 of the whole file, in hex. */
  readonly hash: string;
  /** Whether every row has scores. */
  readonly withTeacher: boolean;
  /** Rows with scores, of those that passed the filters, before `maxRows`. */
  readonly scored: number;
  /** Whether every row has more candidates than its positives. */
  readonly withNegatives: boolean;
  /**
   * Row `index`, from 0. Touches the bytes of this row alone; may be called many times at once.
   *
   * Throws `invalid_argument` for an index that is out of range, `invalid_data` where the file has changed meanwhile.
   */
  read(index: number): Promise<TrainingRow>;
  close(): Promise<void>;
}

export interface OpenRowFileOptions {
  /** Default: the `task` of the rows. */
  readonly task?: string;
  /** Default: by {@link dataSetNames}. */
  readonly name?: string;
  /** Rows are left out whose best score is below. Rows without scores stay. */
  readonly minScore?: number;
  /** Rows are left out whose best and worst score differ by less. */
  readonly minSpread?: number;
  /** At most so many rows, evenly spaced over those that pass: files are often sorted by source. */
  readonly maxRows?: number;
  readonly onNotice?: OnNotice;
  /** In bytes. */
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Opens a JSON Lines file of training rows, whatever its ending. Cost: one pass over the file.
 *
 * Rows that the filters leave out, and rows of which nothing tells the positive (no `pos` and no scores), are counted
 * and told once.
 *
 * Throws `not_found`; `invalid_data` naming file, line and field for a malformed row, a task that is missing or
 * differs from row to row, and a file of which no row is left; `invalid_argument` for `maxRows` below 1.
 */
export async function openRowFile(path: string, options: OpenRowFileOptions = {}): Promise<RowFile> {
  const { maxRows = 1 } = options;
  if (!Number.isSafeInteger(maxRows) || maxRows < 1) {
    throw new RetrieveError("invalid_argument", `maxRows: got ${maxRows}, wanted a whole number from 1`);
  }
  const file = await open(path).catch((error: unknown) => {
    throw diskError(error, path);
  });
  try {
    const scan = await scanRows(file, path, options);
    for (const notice of noticesOf(path, scan)) options.onNotice?.(notice);
    return rowFile(file, path, scan, options);
  } catch (error) {
    await file.close();
    throw diskError(error, path);
  }
}

/**
 * A name for each data set, no two equal: the file's without its ending or, where that only names a split (`train`,
 * `train.scored`), the folder's. A file that is given twice is two data sets: `qa`, `qa_1`.
 */
export function dataSetNames(paths: readonly string[]): string[] {
  const used = new Map<string, number>();
  return paths.map((path) => {
    const stem = basename(path).replace(/\.jsonl?$/, "");
    const name = /^(train|dev|test)\b/.test(stem) ? basename(dirname(resolve(path))) : stem;
    const before = used.get(name) ?? 0;
    used.set(name, before + 1);
    return before === 0 ? name : `${name}_${before}`;
  });
}

interface Scan {
  readonly hash: string;
  readonly task: string;
  readonly rows: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Of the rows that are kept: first byte, bytes. */
  readonly starts: Float64Array;
  readonly lengths: Uint32Array;
  readonly withTeacher: number;
  readonly withNegatives: number;
}

const dropReasons = {
  undecided: "without a positive and without scores that could choose one",
  lowScore: "with no score as high as the least that was asked for",
  lowSpread: "with scores that differ by less than was asked for",
};
type DropReason = keyof typeof dropReasons;

async function scanRows(file: FileHandle, path: string, options: OpenRowFileOptions): Promise<Scan> {
  const { size: total } = await file.stat();
  const hash = createHash("sha256");
  const dropped = { undecided: 0, lowScore: 0, lowSpread: 0 };
  const starts: number[] = [];
  const lengths: number[] = [];
  const kept = { withTeacher: 0, withNegatives: 0 };
  let { task } = options;
  let rows = 0;
  let number = 0;
  for await (const { bytes, start, ended } of scanLines(
    file.createReadStream({ start: 0, autoClose: false }),
  )) {
    options.signal?.throwIfAborted();
    hash.update(bytes).update(ended ? "\n" : "");
    options.onProgress?.({ done: start + bytes.length, total, unit: "bytes" });
    const place = `${path}:${++number}`;
    const line = bytes.toString();
    if (line.trim() === "") continue;
    const row = parseRow(parseJsonLine(line, place), place);
    task ??= row.task;
    checkTask(row, place, { task, given: options.task });
    rows++;
    const reason = dropReason(row, options);
    if (reason !== undefined) {
      dropped[reason]++;
      continue;
    }
    starts.push(start);
    lengths.push(bytes.length);
    if (row.teacherScores !== undefined) kept.withTeacher++;
    if (candidatesOf(row).length > Math.max(1, row.pos.length)) kept.withNegatives++;
  }
  if (starts.length === 0 || task === undefined) throw noRows(path, rows, dropped);
  return {
    hash: hash.digest("hex"),
    task,
    rows,
    dropped,
    starts: Float64Array.from(starts),
    lengths: Uint32Array.from(lengths),
    ...kept,
  };
}

function dropReason(row: TrainingRow, { minScore, minSpread }: OpenRowFileOptions): DropReason | undefined {
  const { teacherScores: scores } = row;
  if (scores === undefined) return row.pos.length === 0 ? "undecided" : undefined;
  const highest = scores.reduce((high, score) => Math.max(high, score));
  const lowest = scores.reduce((low, score) => Math.min(low, score));
  if (minScore !== undefined && highest < minScore) return "lowScore";
  if (minSpread !== undefined && highest - lowest < minSpread) return "lowSpread";
  return undefined;
}

function noRows(path: string, rows: number, dropped: Scan["dropped"]): RetrieveError {
  const why = rows === 0 ? "the file is empty" : `${droppedText(rows, dropped)}; loosen the filters`;
  return new RetrieveError("invalid_data", `${path}: no row to train on: ${why}`);
}

function droppedText(rows: number, dropped: Scan["dropped"]): string {
  const reasons = Object.entries(dropReasons)
    .map(([reason, text]) => ({ count: dropped[reason as DropReason], text }))
    .filter(({ count }) => count > 0);
  const sum = reasons.reduce((all, { count }) => all + count, 0);
  return `${sum} of ${rows} rows are left out: ${reasons.map(({ count, text }) => `${count} ${text}`).join(", ")}`;
}

function noticesOf(path: string, { rows, dropped, starts, withTeacher, withNegatives }: Scan): string[] {
  const kept = starts.length;
  const lacking = (having: number): boolean => having > 0 && having < kept;
  return [
    kept < rows ? `${path}: ${droppedText(rows, dropped)}` : "",
    lacking(withTeacher) ? `${path}: ${kept - withTeacher} of ${kept} rows have no teacher_scores` : "",
    lacking(withNegatives) ? `${path}: ${kept - withNegatives} of ${kept} rows have no negatives` : "",
  ].filter((notice) => notice !== "");
}

function rowFile(file: FileHandle, path: string, scan: Scan, options: OpenRowFileOptions): RowFile {
  const { starts, lengths, task, hash } = scan;
  const length = Math.min(starts.length, options.maxRows ?? starts.length);
  const step = starts.length / length;
  const close = (): Promise<void> => file.close();
  return {
    path,
    name: options.name ?? dataSetNames([path])[0] ?? path,
    task,
    length,
    hash,
    withTeacher: scan.withTeacher === starts.length,
    scored: scan.withTeacher,
    withNegatives: scan.withNegatives === starts.length,
    read: async (index) => {
      if (!Number.isSafeInteger(index) || index < 0 || index >= length) {
        throw new RetrieveError(
          "invalid_argument",
          `${path}: row ${index}; there are rows 0 to ${length - 1}`,
        );
      }
      const at = Math.floor(index * step);
      return await readRow(file, path, starts[at] ?? 0, lengths[at] ?? 0);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function readRow(file: FileHandle, path: string, start: number, length: number): Promise<TrainingRow> {
  const { buffer, bytesRead } = await file
    .read(Buffer.allocUnsafe(length), 0, length, start)
    .catch((error) => {
      throw diskError(error, path);
    });
  const place = `${path}, byte ${start} (has the file changed since it was opened?)`;
  return parseRow(parseJsonLine(buffer.toString("utf8", 0, bytesRead), place), place);
}
