/** Fields of JSON objects from benchmark files, each fault with its place. */

import { RetrieveError } from "../std/index.ts";

type Fields = Readonly<Record<string, unknown>>;

/** `value` as an object. */
export function objectOf(value: unknown, place: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new RetrieveError("invalid_data", `${place}: got ${describe(value)}, wanted a JSON object`);
}

/** `value` as a list. */
export function listOf(value: unknown, place: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new RetrieveError("invalid_data", `${place}: got ${describe(value)}, wanted a list`);
}

/** A text; a number is read as one, since some sets number their ids. Absent without a `fallback` is a fault. */
export function textField(fields: Fields, name: string, place: string, fallback?: string): string {
  const value = fields[name] ?? fallback;
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  throw new RetrieveError("invalid_data", `${place}: "${name}" is ${describe(value)}, wanted a text`);
}

/** A list; absent is empty. */
export function listField(fields: Fields, name: string, place: string): readonly unknown[] {
  const value = fields[name] ?? [];
  if (Array.isArray(value)) return value;
  throw new RetrieveError("invalid_data", `${place}: "${name}" is ${describe(value)}, wanted a list`);
}

function describe(value: unknown): string {
  if (value === undefined) return "absent";
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
