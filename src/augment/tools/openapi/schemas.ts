/** OpenAPI schemas as self-contained JSON Schema: references written out, recursive ones kept in `$defs`. */

import type { JsonValue } from "../../../store/index.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import { toName, uniqueNames } from "../naming.ts";
import { mapSubschemas } from "../schema.ts";
import type { OpenApiDocument } from "./document.ts";

/** Schemas of one tool after which references are no longer written out in place but point to `$defs`, each once. */
const inlineBudget = 200;

/** Collects the `$defs` of one tool while its schemas are expanded. */
export interface SchemaExpander {
  expand(schema: JsonValue): JsonValue;
  /** `{ $defs }` for the references that the expanded schemas hold, or nothing. Call it last. */
  definitions(): { readonly $defs?: JsonObject };
}

/**
 * Expands the schemas of one operation. Those sent lose their `readOnly` properties, those received their `writeOnly`
 * ones. The size of the result is bounded by the document's size and a constant, however references are nested.
 */
export function createSchemaExpander(
  document: OpenApiDocument,
  direction: "sent" | "received",
): SchemaExpander {
  const names = new Map<string, string>();
  const unique = uniqueNames();
  const pending: string[] = [];
  let schemas = 0;

  const define = (ref: string): JsonObject => {
    let name = names.get(ref);
    if (name === undefined) {
      name = unique(toName(ref.slice(ref.lastIndexOf("/") + 1), "schema"));
      names.set(ref, name);
      pending.push(ref);
    }
    return { $ref: `#/$defs/${name}` };
  };
  const expand = (schema: JsonValue, within: readonly string[]): JsonValue => {
    if (!isJsonObject(schema)) return schema;
    schemas++;
    const adapted = adapt(schema, direction);
    const { $ref, ...siblings } = adapted;
    if (typeof $ref !== "string") return mapSubschemas(adapted, (inner) => expand(inner, within));
    const { ref, value } = document.target($ref);
    const referred =
      within.includes(ref) || schemas > inlineBudget ? define(ref) : expand(value, [...within, ref]);
    return withSiblings(
      referred,
      mapSubschemas(siblings, (inner) => expand(inner, within)),
    );
  };
  return {
    expand: (schema) => expand(schema, []),
    definitions: () => {
      const defs: [string, JsonValue][] = [];
      for (let ref = pending.shift(); ref !== undefined; ref = pending.shift()) {
        defs.push([names.get(ref) ?? "", expand(document.target(ref).value, [ref])]);
      }
      return defs.length === 0 ? {} : { $defs: Object.fromEntries(defs) };
    },
  };
}

const annotations = new Set(["title", "description", "default", "examples", "deprecated"]);

/** What stands beside a `$ref`: annotations replace those of the target, conditions hold in addition. */
function withSiblings(referred: JsonValue, siblings: JsonObject): JsonValue {
  const entries = Object.entries(siblings);
  if (entries.length === 0 || !isJsonObject(referred)) return referred;
  const notes = Object.fromEntries(entries.filter(([key]) => annotations.has(key)));
  const conditions = Object.fromEntries(entries.filter(([key]) => !annotations.has(key)));
  if (Object.keys(conditions).length === 0) return { ...referred, ...notes };
  return { allOf: [referred, conditions], ...notes };
}

const openApiOnly = new Set(["xml", "discriminator", "externalDocs", "nullable", "example"]);

/** A schema of OpenAPI 3.0's dialect in JSON Schema 2020-12; one of 3.1 passes unchanged but for what only OpenAPI knows. */
function adapt(schema: JsonObject, direction: "sent" | "received"): JsonObject {
  const kept = Object.entries(schema).filter(([key]) => !openApiOnly.has(key) && !key.startsWith("x-"));
  let adapted: JsonObject = Object.fromEntries(kept);
  const { example } = schema;
  if (example !== undefined) adapted = { examples: [example], ...adapted };
  adapted = withoutHidden(adapted, direction === "sent" ? "readOnly" : "writeOnly");
  adapted = withExclusive(
    withExclusive(adapted, "exclusiveMinimum", "minimum"),
    "exclusiveMaximum",
    "maximum",
  );
  return schema["nullable"] === true ? nullable(adapted) : adapted;
}

function withoutHidden(schema: JsonObject, flag: "readOnly" | "writeOnly"): JsonObject {
  const { properties, required } = schema;
  if (!isJsonObject(properties)) return schema;
  const hidden = new Set(
    Object.entries(properties)
      .filter(([, inner]) => isJsonObject(inner) && inner[flag] === true)
      .map(([name]) => name),
  );
  if (hidden.size === 0) return schema;
  const shown = Object.entries(properties).filter(([name]) => !hidden.has(name));
  const still = Array.isArray(required) ? required.filter((name) => !hidden.has(String(name))) : [];
  const { required: _, ...rest } = schema;
  return {
    ...rest,
    properties: Object.fromEntries(shown),
    ...(still.length === 0 ? {} : { required: still }),
  };
}

/** OpenAPI 3.0 writes `minimum: 0, exclusiveMinimum: true` for JSON Schema's `exclusiveMinimum: 0`. */
function withExclusive(
  schema: JsonObject,
  exclusive: "exclusiveMinimum" | "exclusiveMaximum",
  inclusive: "minimum" | "maximum",
): JsonObject {
  if (typeof schema[exclusive] !== "boolean") return schema;
  const { [exclusive]: strict, [inclusive]: bound, ...rest } = schema;
  if (bound === undefined) return rest;
  return { ...rest, [strict ? exclusive : inclusive]: bound };
}

function nullable(schema: JsonObject): JsonObject {
  const { type, enum: values } = schema;
  if (typeof type !== "string") {
    return schema["$ref"] === undefined && !hasConditions(schema)
      ? schema
      : { anyOf: [schema, { type: "null" }] };
  }
  const withNull = Array.isArray(values) && !values.includes(null) ? { enum: [...values, null] } : {};
  return { ...schema, type: [type, "null"], ...withNull };
}

function hasConditions(schema: JsonObject): boolean {
  return Object.keys(schema).some((key) => !annotations.has(key));
}
