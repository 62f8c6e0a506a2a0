/**
 * The text that stands for a tool in retrieval, in the layout that LLM-Embedder was trained on (ToolBench):
 * category, tool name, API name, description, then parameters and result as JSON.
 */

import type { JsonValue } from "../../store/index.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import type { Tool } from "./tool.ts";

/**
 * `category, tool_name, api_name, api_description, required_params: [...], optional_params: [...], return_schema: {...}`
 *
 * Parameters are `{name, type, description, default}`; the result is a template of types (`{"id": "int"}`).
 */
export function toolDocumentText(tool: Tool): string {
  const required = new Set(Array.isArray(tool.parameters["required"]) ? tool.parameters["required"] : []);
  const properties = tool.parameters["properties"];
  const parameters = Object.entries(isJsonObject(properties) ? properties : {});
  const described = (wanted: boolean): JsonValue[] =>
    parameters
      .filter(([name]) => required.has(name) === wanted)
      .map(([name, schema]) => describeParameter(name, schema));
  return [
    tool.category,
    tool.server,
    tool.title,
    tool.description,
    `required_params: ${spacedJson(described(true))}`,
    `optional_params: ${spacedJson(described(false))}`,
    `return_schema: ${spacedJson(tool.returns ?? {})}`,
  ].join(", ");
}

function describeParameter(name: string, schema: JsonValue): JsonObject {
  const { description, default: preset } = isJsonObject(schema) ? schema : {};
  return {
    name,
    type: typeName(schema),
    description: typeof description === "string" ? description : "",
    ...(preset === undefined ? {} : { default: preset }),
  };
}

/** ToolBench's words for JSON Schema types; what is open is `any`. */
const templateNames: Readonly<Record<string, string>> = {
  string: "str",
  integer: "int",
  number: "float",
  boolean: "bool",
  array: "list",
  object: "dict",
  null: "null",
};

/**
 * What a schema's values look like, in types: `{ "id": "int", "tags": ["str"] }`, at most `depth` levels deep. It tells a
 * retriever what the schema tells, at a fraction of the size.
 */
export function typeTemplate(schema: JsonValue, depth = 4): JsonValue {
  if (!isJsonObject(schema)) return "any";
  if (depth > 0) {
    const { properties, items, allOf } = schema;
    const parts = Array.isArray(allOf)
      ? allOf.map((part) => typeTemplate(part, depth)).filter(isJsonObject)
      : [];
    if (isJsonObject(properties) || parts.length > 0) {
      const own = Object.entries(isJsonObject(properties) ? properties : {});
      const inner = own.map(([name, value]) => [name, typeTemplate(value, depth - 1)] as const);
      return Object.fromEntries([...parts.flatMap((part) => Object.entries(part)), ...inner]);
    }
    if (isJsonObject(items)) return [typeTemplate(items, depth - 1)];
  }
  const alternative = alternativeOf(schema);
  if (alternative !== undefined) return typeTemplate(alternative, depth);
  const type = typeName(schema);
  return templateNames[type] ?? type;
}

/** The type of a schema in one word: `ENUM` for closed lists (as ToolBench writes them), the first of several types. */
function typeName(schema: JsonValue): string {
  if (!isJsonObject(schema)) return "any";
  if (Array.isArray(schema["enum"])) return "ENUM";
  const { type } = schema;
  if (typeof type === "string") return type;
  if (Array.isArray(type)) return String(type.find((name) => name !== "null") ?? "null");
  const alternative = alternativeOf(schema);
  return alternative === undefined ? "any" : typeName(alternative);
}

/** The first of several alternatives that is more than null. */
function alternativeOf({ anyOf, oneOf }: JsonObject): JsonValue | undefined {
  const options = Array.isArray(anyOf) ? anyOf : oneOf;
  return Array.isArray(options)
    ? options.find((option) => !isJsonObject(option) || option["type"] !== "null")
    : undefined;
}

/** JSON with a space after each comma and colon, as the reference's documents have it. */
function spacedJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(", ")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${spacedJson(inner)}`);
  return `{${entries.join(", ")}}`;
}
