/** JSON Schema as a tree: which members of a schema are schemas themselves, and which are data. */

import type { JsonValue } from "../../store/index.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import { cleanText } from "./naming.ts";

const mapsOfSchemas = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
]);
const schemasOrLists = new Set([
  "items",
  "prefixItems",
  "additionalItems",
  "unevaluatedItems",
  "contains",
  "additionalProperties",
  "unevaluatedProperties",
  "propertyNames",
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "if",
  "then",
  "else",
]);

/** A copy of `schema` with `change` applied to each schema directly inside it. Data (`enum`, `default`, …) is kept. */
export function mapSubschemas(schema: JsonObject, change: (inner: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (mapsOfSchemas.has(key) && isJsonObject(value)) {
        return [key, Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, change(inner)]))];
      }
      if (!schemasOrLists.has(key)) return [key, value];
      return [key, Array.isArray(value) ? value.map(change) : change(value)];
    }),
  );
}

/** A schema with its descriptions and titles cleaned by {@link cleanText}, at every level. */
export function cleanSchema(schema: JsonObject): JsonObject {
  const inner = mapSubschemas(schema, (value) => (isJsonObject(value) ? cleanSchema(value) : value));
  return Object.fromEntries(
    Object.entries(inner).map(([key, value]) => [
      key,
      (key === "description" || key === "title") && typeof value === "string" ? cleanText(value) : value,
    ]),
  );
}
