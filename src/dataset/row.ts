/**
 * One training row: a question, the texts that answer it, texts that do not, and what a language model thinks of each.
 *
 * The names on disk are those of the reference system (LLM-Embedder, FlagEmbedding), so that files move both ways.
 * Knows no files: a row is checked on its own.
 */

import { RetrieveError } from "../std/index.ts";
import { objectOf } from "./fields.ts";

/** A row that passed every check: no text is empty, every list is aligned, every score is finite. */
export interface TrainingRow {
  readonly query: string;
  /** Texts that answer the query; empty where the scores alone tell which do. */
  readonly pos: readonly string[];
  readonly neg: readonly string[];
  /** Candidates that nobody has labelled, such as the earlier turns of a chat; then `pos` and `neg` are empty. */
  readonly history?: readonly string[];
  /** Higher is better; aligned to `pos`, then `neg`, or to `history`. */
  readonly teacherScores?: readonly number[];
  readonly answers?: readonly string[];
  readonly task?: string;
  readonly queryId?: RowId;
  /** Of each of `pos` in a corpus: a number is its place in the file, from 0, a text its id. */
  readonly posIndex?: readonly RowId[];
  readonly negIndex?: readonly RowId[];
  /** Fields that nothing here reads, kept as they were. */
  readonly others?: Readonly<Record<string, unknown>>;
}

export type RowId = string | number;

/** The texts that a row offers, in the order of its scores. */
export function candidatesOf({ pos, neg, history }: TrainingRow): readonly string[] {
  return history ?? [...pos, ...neg];
}

/**
 * Reads a row from a parsed JSON line; `place` is `FILE:LINE`. Null counts as absent.
 *
 * Throws `invalid_data` naming place and field: a missing or empty query, a wrong type, an empty text, a score that is
 * no finite number, lists that are not aligned, `history` together with `pos` or `neg`, no candidate at all.
 */
export function parseRow(value: unknown, place: string): TrainingRow {
  const fields = objectOf(value, place);
  const read = { fields, place };
  const pos = texts(read, "pos") ?? [];
  const neg = texts(read, "neg") ?? [];
  const history = texts(read, "history");
  checkCandidates(place, pos, neg, history);
  const own = {
    history,
    teacherScores: aligned(read, "teacher_scores", scoresField(read), history ?? [...pos, ...neg]),
    answers: texts(read, "answers"),
    task: optional(read, "task", isText, "a text"),
    queryId: optional(read, "query_id", isId, "a number or a text"),
    posIndex: aligned(read, "pos_index", list(read, "pos_index", isId, "a number or a text"), pos),
    negIndex: aligned(read, "neg_index", list(read, "neg_index", isId, "a number or a text"), neg),
  };
  const others = Object.entries(fields).filter(([name]) => !known.has(name));
  return {
    query: text(fields["query"], place, "query"),
    pos,
    neg,
    ...present(own),
    ...(others.length > 0 && { others: Object.fromEntries(others) }),
  };
}

/**
 * Requires that a row is of the task of the rows before it, or that a task is given for the whole file.
 *
 * Throws `invalid_data` naming place, what was got and what was wanted.
 */
export function checkTask(
  row: TrainingRow,
  place: string,
  { task, given }: { readonly task: string | undefined; readonly given: string | undefined },
): void {
  if (given !== undefined || (row.task !== undefined && row.task === task)) return;
  const got = row.task === undefined ? "absent" : `"${row.task}"`;
  const wanted = task === undefined ? "a task such as qa" : `"${task}" as in the rows before`;
  throw wrong(
    place,
    `"task" is ${got}; wanted ${wanted}, because a file is one data set; name the task for the whole file, or split it`,
  );
}

/** The row as it stands in a file; {@link parseRow} reads it back. */
export function formatRow(row: TrainingRow): Record<string, unknown> {
  const { query, pos, neg, history, teacherScores, answers, task, queryId, posIndex, negIndex, others } = row;
  return {
    query,
    ...(history === undefined ? { pos, neg } : { history }),
    ...present({
      teacher_scores: teacherScores,
      answers,
      task,
      query_id: queryId,
      pos_index: posIndex,
      neg_index: negIndex,
    }),
    ...others,
  };
}

const known: ReadonlySet<string> = new Set([
  "query",
  "pos",
  "neg",
  "history",
  "teacher_scores",
  "answers",
  "task",
  "query_id",
  "pos_index",
  "neg_index",
]);

interface Read {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly place: string;
}

function checkCandidates(
  place: string,
  pos: readonly string[],
  neg: readonly string[],
  history: readonly string[] | undefined,
): void {
  const labelled = pos.length + neg.length;
  if (history !== undefined && labelled > 0) {
    throw wrong(place, `"history" stands together with "pos" or "neg"; keep one of the two forms`);
  }
  if (history === undefined && labelled === 0) {
    throw wrong(place, `"pos", "neg" and "history" are all absent or empty; wanted at least one text`);
  }
  if (history?.length === 0) throw wrong(place, `"history" is empty; wanted at least one text`);
}

function scoresField(read: Read): number[] | undefined {
  return list(read, "teacher_scores", isNumber, "a finite number");
}

function aligned<Item>(
  { place }: Read,
  name: string,
  items: Item[] | undefined,
  to: readonly string[],
): Item[] | undefined {
  if (items === undefined || items.length === to.length) return items;
  throw wrong(place, `"${name}" has ${items.length} values for ${to.length} texts; wanted one for each`);
}

function texts({ fields, place }: Read, name: string): string[] | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw wrong(place, `"${name}" is ${shown(value)}; wanted a list of texts`);
  return value.map((item, index) => text(item, place, `${name}[${index}]`));
}

function text(value: unknown, place: string, name: string): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw wrong(place, `"${name}" is ${shown(value)}; wanted a text that is not empty`);
}

function list<Item>(
  { fields, place }: Read,
  name: string,
  is: (value: unknown) => value is Item,
  wanted: string,
): Item[] | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw wrong(place, `"${name}" is ${shown(value)}; wanted a list`);
  return value.map((item: unknown, index) => {
    if (is(item)) return item;
    throw wrong(place, `"${name}[${index}]" is ${shown(item)}; wanted ${wanted}`);
  });
}

function optional<Value>(
  { fields, place }: Read,
  name: string,
  is: (value: unknown) => value is Value,
  wanted: string,
): Value | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined || is(value)) return value;
  throw wrong(place, `"${name}" is ${shown(value)}; wanted ${wanted}`);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function isId(value: unknown): value is RowId {
  return typeof value === "string" || isNumber(value);
}

type Present<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

function present<Fields extends object>(fields: Fields): Present<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Present<Fields>;
}

function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? "absent";
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}

function wrong(place: string, what: string): RetrieveError {
  return new RetrieveError("invalid_data", `${place}: ${what}`);
}
