/** The request body of an operation, as arguments: its fields where it is a plain object, else one argument. */

import type { JsonValue } from "../../../store/index.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import type { BodyPlace } from "../tool.ts";
import type { OpenApiDocument } from "./document.ts";
import { type Argument, argumentName } from "./parameters.ts";
import type { SchemaExpander } from "./schemas.ts";

export interface Body {
  readonly place: BodyPlace;
  readonly arguments: readonly Argument[];
  /** What the tool's schema says of further arguments: they are refused, or go into the body. */
  readonly additional: JsonValue;
}

/**
 * The body's arguments. A plain object is flattened: its fields stand beside the parameters (names in `taken`), unless
 * two names meet, the object has conditions of its own (`oneOf`, `minProperties`, …), or it may be left out though it
 * has required fields. Then the argument `body` holds the whole. A body that is not said to be optional, and has
 * required fields, is required.
 */
export function readBody(
  document: OpenApiDocument,
  requestBody: JsonObject,
  taken: ReadonlySet<string>,
  expander: SchemaExpander,
): Body | undefined {
  const media = preferredMedia(document, requestBody);
  if (media === undefined) return undefined;
  const { contentType, schema: raw } = media;
  const encoding = encodingOf(contentType);
  const schema = encoding === "text" ? { type: "string" } : mergeAllOf(expander.expand(raw));
  const flat = encoding === "text" ? undefined : flatten(schema, requestBody["required"], taken);
  if (flat) {
    const { fields, additional } = flat;
    const from = {
      fields: fields.map(({ name, wire }) => ({ argument: name, name: wire })),
      rest: additional !== false,
    };
    return { place: { contentType, encoding, from }, arguments: fields, additional };
  }
  const name = ["body", "request_body"].find((free) => !taken.has(free)) ?? "http_request_body";
  const { description } = requestBody;
  const described =
    isJsonObject(schema) && typeof description === "string" ? { description, ...schema } : schema;
  const required =
    requestBody["required"] === true || (requestBody["required"] !== false && hasRequired(schema));
  return {
    place: { contentType, encoding, from: { argument: name } },
    arguments: [{ name, schema: described, required }],
    additional: false,
  };
}

function preferredMedia(
  document: OpenApiDocument,
  requestBody: JsonObject,
): { contentType: string; schema: JsonValue } | undefined {
  const content = requestBody["content"];
  if (!isJsonObject(content)) return undefined;
  const ranked = Object.entries(content).sort(([left], [right]) => rankOf(left) - rankOf(right));
  const [first] = ranked;
  if (first === undefined) return undefined;
  const [type, media] = first;
  return {
    contentType: type.includes("*") ? "application/json" : type,
    schema: document.follow(media)?.["schema"] ?? {},
  };
}

function rankOf(contentType: string): number {
  return ["json", "form", "multipart", "text"].indexOf(encodingOf(contentType));
}

function encodingOf(contentType: string): BodyPlace["encoding"] {
  const type = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  if (type === "*/*" || type === "application/*" || /^application\/(.*\+)?json$/.test(type)) return "json";
  if (type === "application/x-www-form-urlencoded") return "form";
  return type === "multipart/form-data" ? "multipart" : "text";
}

const plainKeys = new Set([
  "type",
  "properties",
  "required",
  "additionalProperties",
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
]);

interface Field extends Argument {
  readonly wire: string;
}

function flatten(
  schema: JsonValue,
  bodyRequired: JsonValue | undefined,
  taken: ReadonlySet<string>,
): { fields: Field[]; additional: JsonValue } | undefined {
  if (!isJsonObject(schema) || !isJsonObject(schema["properties"])) return undefined;
  if (Object.keys(schema).some((key) => !plainKeys.has(key)) || (schema["type"] ?? "object") !== "object")
    return undefined;
  if (bodyRequired === false && hasRequired(schema)) return undefined;
  const required = new Set(Array.isArray(schema["required"]) ? schema["required"] : []);
  const fields = Object.entries(schema["properties"]).map(([wire, inner]) => ({
    name: argumentName(wire),
    wire,
    schema: inner,
    required: required.has(wire),
  }));
  const names = new Set([...taken, ...fields.map(({ name }) => name)]);
  if (names.size < taken.size + fields.length) return undefined;
  return { fields, additional: schema["additionalProperties"] ?? false };
}

function hasRequired(schema: JsonValue): boolean {
  return isJsonObject(schema) && Array.isArray(schema["required"]) && schema["required"].length > 0;
}

/** `allOf` of plain objects with different fields is one plain object: how documents write inheritance. */
function mergeAllOf(schema: JsonValue): JsonValue {
  if (!isJsonObject(schema) || !Array.isArray(schema["allOf"])) return schema;
  const { allOf, ...outer } = schema;
  const parts = [outer, ...schema["allOf"].map(mergeAllOf)].filter(isJsonObject);
  const plain = parts.every((part) =>
    Object.keys(part).every((key) => plainKeys.has(key) && key !== "additionalProperties"),
  );
  const fields = parts.flatMap((part) =>
    Object.entries(isJsonObject(part["properties"]) ? part["properties"] : {}),
  );
  const repeated = new Set(fields.map(([name]) => name)).size < fields.length;
  if (!plain || repeated || parts.length !== schema["allOf"].length + 1) return schema;
  const required = new Set(
    parts.flatMap((part) => (Array.isArray(part["required"]) ? part["required"] : [])),
  );
  return {
    ...Object.assign({}, ...parts.toReversed()),
    type: "object",
    properties: Object.fromEntries(fields),
    ...(required.size === 0 ? {} : { required: [...required] }),
  };
}
