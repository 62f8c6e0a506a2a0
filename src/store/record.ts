/** Records as stores keep them: checked, copied, and the payload as JSON text. */

import { RetrieveError } from "../std/index.ts";
import { checkFilter, type Scalar } from "./filter.ts";
import type { FoundRecord, JsonValue, SearchOptions, StoredRecord } from "./vector-store.ts";

/** A checked record; nobody outside the store holds a reference into it. */
export interface Row {
  readonly id: string;
  readonly vector: Float32Array;
  readonly text: string;
  readonly metadata: Readonly<Record<string, Scalar>>;
  /** JSON. */
  readonly payload: string;
}

/** A row without its vector. */
export type FoundRow = Omit<Row, "vector">;

/**
 * Checked copies of records, one an id: the last of two wins.
 *
 * Text is Unicode: a lone surrogate, half of a character, is stored as U+FFFD. -0 is stored as 0.
 */
export function toRows(records: readonly StoredRecord[], dimensions: number): Row[] {
  const rows = new Map<string, Row>();
  for (const record of records) {
    if (typeof record.id !== "string" || record.id === "") {
      throw new RetrieveError("invalid_argument", `record: wanted an id that is a text, got ${record.id}`);
    }
    const id = wellFormed(record.id);
    checkVector(record.vector, dimensions, `record ${id}`);
    rows.set(id, {
      id,
      vector: record.vector,
      text: wellFormed(record.text),
      metadata: copyMetadata(id, record.metadata),
      payload: payloadText(id, record.payload),
    });
  }
  return [...rows.values()];
}

/** What reading commands return for a row. */
export function toFound(row: FoundRow): FoundRecord {
  return {
    id: row.id,
    text: row.text,
    metadata: { ...row.metadata },
    payload: JSON.parse(row.payload) as JsonValue,
  };
}

/** A row that stays in memory. */
export interface HeldRow {
  readonly id: string;
  readonly metadata: Readonly<Record<string, Scalar>>;
  readonly checked: FoundRow;
  /** One frozen object for everybody who finds it, made at the first time. */
  found(): FoundRecord;
}

export function hold({ vector: _, ...row }: Row): HeldRow {
  let found: FoundRecord | undefined;
  return {
    id: row.id,
    metadata: row.metadata,
    checked: row,
    found() {
      found ??= freeze(toFound(row));
      return found;
    },
  };
}

function freeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}

/** A record with a vector of its own. */
export function toStored(row: Row): StoredRecord {
  return { ...toFound(row), vector: row.vector.slice() };
}

/** Throws `invalid_argument` unless a search can be answered. */
export function checkSearch(vector: Float32Array, options: SearchOptions, dimensions: number): void {
  checkVector(vector, dimensions, "query vector");
  if (!Number.isInteger(options.topK) || options.topK < 1) {
    throw new RetrieveError("invalid_argument", `topK: wanted a whole number from 1, got ${options.topK}`);
  }
  if (options.filter !== undefined) checkFilter(options.filter);
}

/** `text` with every lone surrogate replaced by U+FFFD, as UTF-8 would store it. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}

/** Throws `not_allowed` on a store that was opened to read. */
export function refuseWrites(): never {
  throw new RetrieveError(
    "not_allowed",
    "this store was opened read-only; open it without `readOnly` to write",
  );
}

/** Throws `invalid_argument` unless a store can have vectors of this length. */
export function checkDimensions(dimensions: number): void {
  if (!Number.isInteger(dimensions) || dimensions < 1) {
    throw new RetrieveError(
      "invalid_argument",
      `dimensions: wanted a whole number from 1, got ${dimensions}`,
    );
  }
}

function checkVector(vector: Float32Array, dimensions: number, name: string): void {
  if (!(vector instanceof Float32Array) || vector.length !== dimensions) {
    const got = vector instanceof Float32Array ? `${vector.length} numbers` : typeof vector;
    throw new RetrieveError(
      "invalid_argument",
      `${name}: wanted a Float32Array of ${dimensions} numbers, got ${got}`,
    );
  }
  const broken = vector.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0) {
    throw new RetrieveError(
      "invalid_argument",
      `${name}: number ${broken} is ${vector[broken]}; wanted finite numbers`,
    );
  }
}

function copyMetadata(
  id: string,
  metadata: Readonly<Record<string, Scalar>>,
): Readonly<Record<string, Scalar>> {
  const entries = Object.entries(metadata).map(([key, value]): [string, Scalar] => {
    if (typeof value === "string") return [wellFormed(key), wellFormed(value)];
    if (typeof value === "number" && Number.isFinite(value)) return [wellFormed(key), value + 0];
    if (typeof value === "boolean") return [wellFormed(key), value];
    throw new RetrieveError(
      "invalid_argument",
      `record ${id}: metadata ${key} is ${value}; wanted a string, a finite number or a boolean ` +
        "(leave absent keys out, put anything else into the payload)",
    );
  });
  return Object.fromEntries(entries);
}

function payloadText(id: string, payload: JsonValue): string {
  const text: string | undefined = JSON.stringify(payload);
  if (text === undefined) {
    throw new RetrieveError(
      "invalid_argument",
      `record ${id}: the payload is ${typeof payload}; wanted a JSON value`,
    );
  }
  return text;
}
