/** Values that came from elsewhere, narrowed to JSON that is safe to walk and to copy. */

import { RetrieveError } from "../../std/index.ts";
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
 * Throws `invalid_data` for what JSON cannot hold, for values nested deeper than 100 levels, and for a key
 * `__proto__`, which names no data but the prototype wherever the value is assigned to an object.
 */
export function toJson(value: unknown, place: string, depth = 0): JsonValue {
  if (depth > maxDepth)
    throw new RetrieveError("invalid_data", `${place}: nested deeper than ${maxDepth} levels`);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item, index) => toJson(item, `${place}[${index}]`, depth + 1));
  if (typeof value !== "object") {
    throw new RetrieveError(
      "invalid_data",
      `${place}: got ${String(value)} (${typeof value}), wanted a JSON value`,
    );
  }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => {
        if (key !== "__proto__") return [key, toJson(inner, `${place}.${key}`, depth + 1)];
        throw new RetrieveError(
          "invalid_data",
          `${place}: a key named __proto__ is refused; rename or remove it`,
        );
      }),
  );
}
