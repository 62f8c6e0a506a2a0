/** Values that came from elsewhere, narrowed to JSON that is safe to walk and to copy. */

import { type ErrorCode, RetrieveError } from "../../std/index.ts";
import type { JsonValue } from "../../store/index.ts";

/** A JSON object. */
export type JsonObject = { readonly [key: string]: JsonValue };

/** Deeper values are refused, so that no walk can exhaust the stack. */
const maxDepth = 100;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A copy of `value` as plain JSON: own enumerable keys only. `undefined` members are left out.
 *
 * Throws `code` for what JSON cannot hold, for values nested deeper than 100 levels, and for a key `__proto__`, which
 * names no data but the prototype wherever the value is assigned to an object.
 */
export function toJson(value: unknown, place: string, code: ErrorCode = "invalid_data"): JsonValue {
  const refuse = (at: string, why: string): never => {
    throw new RetrieveError(code, `${at}: ${why}`);
  };
  const copy = (item: unknown, at: string, depth: number): JsonValue => {
    if (depth > maxDepth) return refuse(place, `nested deeper than ${maxDepth} levels`);
    if (item === null || typeof item === "string" || typeof item === "boolean") return item;
    if (typeof item === "number" && Number.isFinite(item)) return item;
    if (Array.isArray(item)) return item.map((inner, index) => copy(inner, `${at}[${index}]`, depth + 1));
    if (typeof item !== "object")
      return refuse(at, `got ${String(item)} (${typeof item}), wanted a JSON value`);
    const members = Object.entries(item).filter(([, inner]) => inner !== undefined);
    if (Object.hasOwn(item, "__proto__"))
      return refuse(at, "a key named __proto__ is refused; rename or remove it");
    return Object.fromEntries(members.map(([key, inner]) => [key, copy(inner, `${at}.${key}`, depth + 1)]));
  };
  return copy(value, place, 0);
}
