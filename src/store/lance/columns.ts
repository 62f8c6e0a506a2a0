/**
 * How records lie in a table: five columns that every record has, and one nullable column for each metadata key and
 * type that ever appeared (`n$year`, `s$lang`, `b$draft` as 0 or 1), so that filters are plain SQL and types never collide.
 * `metadata` keeps the exact metadata as JSON; the typed columns exist for filters only.
 */

import { Field, FixedSizeList, Float32, Float64, Schema, Utf8 } from "apache-arrow";
import type { Scalar } from "../filter.ts";

/** Written into the table's schema; a table with a higher number was made by a newer version of this library. */
export const FORMAT_VERSION = 1;

export const FORMAT_KEY = "retrieve.format_version";

/** A random name given at creation: two tables with equal version numbers are still told apart. */
export const STORE_KEY = "retrieve.store";

/** Everything but the vector: what a hit carries. */
export const FOUND_COLUMNS: readonly string[] = ["id", "text", "metadata", "payload"];

/** The columns of a new table. */
export const BASE_COLUMNS: readonly string[] = ["id", "vector", "text", "metadata", "payload"];

/** The schema of a table with these columns, in this order. */
export function schemaOf(
  columns: Iterable<string>,
  dimensions: number,
  metadata?: Map<string, string>,
): Schema {
  const item = new Field("item", new Float32(), true);
  const fields = Array.from(columns, (name) => {
    if (name === "vector") return new Field(name, new FixedSizeList(dimensions, item), false);
    if (name.startsWith("n$") || name.startsWith("b$")) return new Field(name, new Float64(), true);
    return new Field(name, new Utf8(), isMetadataColumn(name));
  });
  return new Schema(fields, metadata);
}

/** The column that holds values of the type of `value` under a key. */
export function columnOf(key: string, value: Scalar): string {
  const type = typeof value === "string" ? "s" : typeof value === "number" ? "n" : "b";
  return `${type}$${encodeKey(key)}`;
}

/** The columns that a key can have, one for each type. */
export function columnsOf(key: string): string[] {
  return ["", 0, false].map((value) => columnOf(key, value));
}

export function isMetadataColumn(name: string): boolean {
  return /^[snb]\$/.test(name);
}

/** A column of nulls of the type that the name tells. */
export function nullColumn(name: string): { name: string; valueSql: string } {
  return { name, valueSql: `cast(null as ${name.startsWith("s$") ? "string" : "double"})` };
}

/** A key in letters, digits, `_` and `$` only: other characters become `$HEX$`. Different keys stay different. */
function encodeKey(key: string): string {
  return key.replace(/[^A-Za-z0-9_]/gu, (character) => `$${character.codePointAt(0)?.toString(16)}$`);
}
