/** Parameters of an operation: from four places in a request to one flat object of arguments. */

import type { JsonValue } from "../../../store/index.ts";
import { isForbiddenHeader } from "../http/headers.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import type { ParameterPlace } from "../tool.ts";
import type { OpenApiDocument } from "./document.ts";
import type { SchemaExpander } from "./schemas.ts";

/** One argument of a tool: its schema, and for parameters where it goes. */
export interface Argument {
  readonly name: string;
  readonly schema: JsonValue;
  readonly required: boolean;
}

export interface Parameter extends Argument {
  readonly place: ParameterPlace;
}

/**
 * The parameters of an operation, those of its path included. A placeholder of the path that nobody declares is a
 * required string. Headers that only the host may set (`Authorization`, `Host`, …) are left out.
 */
export function readParameters(
  document: OpenApiDocument,
  declared: readonly JsonValue[],
  path: string,
  expander: SchemaExpander,
): Parameter[] {
  const placeholders = new Set([...path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name ?? ""));
  const byPlace = new Map<string, JsonObject>();
  for (const name of placeholders)
    byPlace.set(`path ${name}`, { name, in: "path", schema: { type: "string" } });
  for (const raw of declared) {
    const parameter = document.follow(raw);
    if (parameter && isUsable(parameter, placeholders)) {
      byPlace.set(`${String(parameter["in"])} ${String(parameter["name"])}`, parameter);
    }
  }
  const nameOf = argumentNames();
  return [...byPlace.values()].map((parameter) => readParameter(parameter, nameOf, document, expander));
}

function isUsable(parameter: JsonObject, placeholders: ReadonlySet<string>): boolean {
  const { name, in: location } = parameter;
  if (typeof name !== "string") return false;
  if (location === "path") return placeholders.has(name);
  if (location === "header") return !isForbiddenHeader(name);
  return location === "query" || location === "cookie";
}

function readParameter(
  parameter: JsonObject,
  nameOf: (name: string, location: string) => string,
  document: OpenApiDocument,
  expander: SchemaExpander,
): Parameter {
  const name = String(parameter["name"]);
  const location = parameter["in"] as ParameterPlace["in"];
  const content = isJsonObject(parameter["content"]) ? Object.values(parameter["content"])[0] : undefined;
  const asJson = isJsonObject(content);
  const given = (asJson ? document.follow(content)?.["schema"] : parameter["schema"]) ?? {};
  const style = typeof parameter["style"] === "string" ? parameter["style"] : defaultStyle(location);
  const explode = typeof parameter["explode"] === "boolean" ? parameter["explode"] : style === "form";
  const argument = nameOf(name, location);
  return {
    name: argument,
    schema: describe(expander.expand(given), parameter),
    required: location === "path" || parameter["required"] === true,
    place: { argument, name, in: location, style, explode, ...(asJson ? { json: true } : {}) },
  };
}

function defaultStyle(location: ParameterPlace["in"]): string {
  return location === "query" || location === "cookie" ? "form" : "simple";
}

/** The parameter's own description and example stand above its schema's. */
function describe(schema: JsonValue, parameter: JsonObject): JsonValue {
  if (!isJsonObject(schema)) return schema;
  const { description, example } = parameter;
  return {
    ...schema,
    ...(typeof description === "string" ? { description } : {}),
    ...(example === undefined ? {} : { examples: [example] }),
  };
}

/**
 * Names of arguments as chat APIs accept them, each once: `filter[status]` becomes `filter_status`; where a path and a
 * query parameter share a name, the second becomes `id_query`.
 */
export function argumentNames(): (name: string, location: string) => string {
  const taken = new Set<string>();
  return (name, location) => {
    const base = argumentName(name);
    let argument = taken.has(base) ? `${base}_${location}` : base;
    for (let number = 2; taken.has(argument); number++) argument = `${base}_${location}_${number}`;
    taken.add(argument);
    return argument;
  };
}

/** One name as an argument: `[a-zA-Z0-9_.-]`, at most 48 characters so that a suffix still fits. */
export function argumentName(name: string): string {
  if (name === "__proto__") return "proto";
  const valid = name
    .replace(/^[^a-zA-Z0-9_.-]+|[^a-zA-Z0-9_.-]+$/g, "")
    .replace(/[^a-zA-Z0-9_.-]+/g, "_")
    .slice(0, 48);
  return valid === "" ? "argument" : valid;
}
