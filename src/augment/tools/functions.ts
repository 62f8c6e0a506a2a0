/** Tools from bare function schemas, in the dialects of the chat APIs and of MCP. */

import { RetrieveError } from "../../std/index.ts";
import type { JsonValue } from "../../store/index.ts";
import { typeTemplate } from "./document-text.ts";
import { isJsonObject, type JsonObject, toJson } from "./json.ts";
import { cleanText, toName, uniqueNames } from "./naming.ts";
import { cleanSchema } from "./schema.ts";
import type { Execution, Tool } from "./tool.ts";

/** What the schemas themselves do not tell. */
export interface FunctionToolsOptions {
  /** First part of each id; default `functions`. */
  readonly server?: string;
  /** The file or URL they were read from; default `server`. Errors begin with it. */
  readonly source?: string;
  /** How each is run, by its original name; default: a function that the host gives at the call. */
  readonly execution?: (name: string) => Execution;
}

/**
 * Tools from function schemas: `{ type: "function", function: { name, description, parameters } }` (OpenAI), the bare
 * inner object, `{ name, input_schema }` (Anthropic) or `{ name, inputSchema, outputSchema? }` (MCP). Without
 * parameters a function takes none. `category` and `title` are read where they are there.
 *
 * Throws `invalid_data` naming source, position and field.
 */
export function functionTools(schemas: readonly unknown[], options: FunctionToolsOptions = {}): Tool[] {
  const server = toName(options.server ?? "functions", "functions");
  const source = options.source ?? server;
  const unique = uniqueNames();
  return schemas.map((raw, index) => {
    const place = `${source}[${index}]`;
    const schema = unwrap(toJson(raw, place), place);
    const original = requireName(schema, place);
    const name = unique(toName(original, `function_${index + 1}`));
    const returns = schema["outputSchema"];
    return {
      id: `${server}.${name}`,
      name,
      server,
      category: cleanText(textOf(schema["category"]) ?? server),
      title: cleanText(textOf(schema["title"]) ?? original),
      description: cleanText(textOf(schema["description"]) ?? ""),
      parameters: parametersOf(schema, place),
      ...(isJsonObject(returns) ? { returns: typeTemplate(returns) } : {}),
      source,
      execution: options.execution?.(original) ?? { type: "function" },
    };
  });
}

function unwrap(value: JsonValue, place: string): JsonObject {
  const inner = isJsonObject(value) && value["type"] === "function" && value["function"];
  if (isJsonObject(inner)) return inner;
  if (isJsonObject(value)) return value;
  throw new RetrieveError(
    "invalid_data",
    `${place}: got ${Array.isArray(value) ? "an array" : typeof value}, wanted a function schema: { name, description, parameters }`,
  );
}

function requireName(schema: JsonObject, place: string): string {
  const name = schema["name"];
  if (typeof name === "string" && name !== "") return name;
  throw new RetrieveError(
    "invalid_data",
    `${place}: name is ${name === undefined ? "missing" : JSON.stringify(name)}, wanted the function's name as a string`,
  );
}

function parametersOf(schema: JsonObject, place: string): JsonObject {
  const field = ["parameters", "inputSchema", "input_schema"].find((name) => schema[name] !== undefined);
  if (field === undefined) return { type: "object", properties: {} };
  const parameters = schema[field] ?? null;
  const type = isJsonObject(parameters) ? (parameters["type"] ?? "object") : undefined;
  if (isJsonObject(parameters) && type === "object")
    return cleanSchema({ type, properties: {}, ...parameters });
  throw new RetrieveError(
    "invalid_data",
    `${place}: ${field} is ${JSON.stringify(parameters).slice(0, 80)}, wanted a JSON Schema of type "object"`,
  );
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
