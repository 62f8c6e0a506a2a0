/** The filter language: typed conditions over metadata, with one meaning in every store. */

import { RetrieveError } from "../std/index.ts";

/** A metadata value that filters can compare. */
export type Scalar = string | number | boolean;

export type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=";

/**
 * A condition over metadata. Two-valued: comparing an absent key, or values of different types, is false, and `not`
 * turns that false into true. Strings compare by code point. An empty `and` is true, an empty `or` or `in` false.
 */
export type Filter =
  | { readonly field: string; readonly op: Comparison; readonly value: Scalar }
  | { readonly field: string; readonly in: readonly Scalar[] }
  | { readonly field: string; readonly exists: boolean }
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter };

/** `and`, `or` and `not` inside each other: deeper than anybody writes, shallow enough for every engine. */
const MAX_DEPTH = 16;

const COMPARISONS: ReadonlySet<string> = new Set(["=", "!=", "<", "<=", ">", ">="]);

/** Whether metadata meets a condition. */
export function matches(filter: Filter, metadata: Readonly<Record<string, Scalar>>): boolean {
  if ("and" in filter) return filter.and.every((part) => matches(part, metadata));
  if ("or" in filter) return filter.or.some((part) => matches(part, metadata));
  if ("not" in filter) return !matches(filter.not, metadata);
  const value = Object.hasOwn(metadata, filter.field) ? metadata[filter.field] : undefined;
  if ("exists" in filter) return filter.exists === (value !== undefined);
  if (value === undefined) return false;
  if ("in" in filter) return filter.in.includes(value);
  return compare(value, filter.op, filter.value);
}

/** The order of strings by code point, which is also the order of their UTF-8 bytes. */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a !== b) return raiseSurrogate(a) - raiseSurrogate(b);
  }
  return left.length - right.length;
}

/** Refuses what the types forbid but a JSON body may hold: unknown operators, values of no type, bottomless nesting. */
export function checkFilter(filter: Filter, depth = 0): void {
  if (typeof filter !== "object" || filter === null) throw invalid(`wanted an object, got ${typeof filter}`);
  if (depth > MAX_DEPTH) throw invalid(`conditions are nested deeper than ${MAX_DEPTH}; write it flatter`);
  if ("and" in filter || "or" in filter) {
    const parts = "and" in filter ? filter.and : filter.or;
    if (!Array.isArray(parts)) throw invalid("`and` and `or` take a list of conditions");
    for (const part of parts) checkFilter(part, depth + 1);
  } else if ("not" in filter) {
    checkFilter(filter.not, depth + 1);
  } else {
    checkCondition(filter);
  }
}

function checkCondition(filter: Extract<Filter, { field: string }>): void {
  if (typeof filter.field !== "string") throw invalid("a condition needs a `field`, a metadata key");
  if ("exists" in filter) {
    if (typeof filter.exists !== "boolean") throw invalid("`exists` takes true or false");
  } else if ("in" in filter) {
    if (!Array.isArray(filter.in)) throw invalid("`in` takes a list of values");
    for (const value of filter.in) checkValue(filter.field, value);
  } else {
    if (!COMPARISONS.has(filter.op))
      throw invalid(`unknown operator ${filter.op}; known: ${[...COMPARISONS].join(" ")}`);
    checkValue(filter.field, filter.value);
  }
}

function checkValue(field: string, value: unknown): void {
  const fits =
    typeof value === "string" ||
    typeof value === "boolean" ||
    (typeof value === "number" && Number.isFinite(value));
  if (!fits)
    throw invalid(`${field}: wanted a string, a finite number or a boolean to compare with, got ${value}`);
}

function invalid(problem: string): RetrieveError {
  return new RetrieveError("invalid_argument", `filter: ${problem}`);
}

function compare(left: Scalar, op: Comparison, right: Scalar): boolean {
  if (typeof left !== typeof right) return false;
  const order =
    typeof left === "string" && typeof right === "string"
      ? compareText(left, right)
      : Number(left) - Number(right);
  switch (op) {
    case "=":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

/** Moves surrogates, which stand for code points above U+FFFF, behind the other 16-bit units. */
function raiseSurrogate(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
