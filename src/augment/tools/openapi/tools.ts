/** OpenAPI 3.0 and 3.1 documents as tools: one for each operation. */

import type { JsonValue } from "../../../store/index.ts";
import { typeTemplate } from "../document-text.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import { cleanText, toName, uniqueNames } from "../naming.ts";
import { cleanSchema } from "../schema.ts";
import type { Tool } from "../tool.ts";
import { type Body, readBody } from "./body.ts";
import { createOpenApiDocument, type OpenApiDocument } from "./document.ts";
import { readParameters } from "./parameters.ts";
import { createSchemaExpander } from "./schemas.ts";
import { serverUrl } from "./servers.ts";

const methods = new Set(["get", "put", "post", "delete", "options", "head", "patch"]);

/**
 * The operations of a parsed OpenAPI document, in its order. Names are the operation ids, or `METHOD_path` where there
 * is none. Callbacks and webhooks are no tools: they are calls to somebody else.
 *
 * Throws `unsupported` for Swagger 2 and for references that leave the document, `invalid_data` for broken ones.
 */
export function openApiTools(value: unknown, source: string): Tool[] {
  const document = createOpenApiDocument(value, source);
  const info = document.follow(document.root["info"]) ?? {};
  const title = cleanText(typeof info["title"] === "string" ? info["title"] : "api");
  const api = { title, server: toName(title, "api") };
  const unique = uniqueNames();
  const paths = isJsonObject(document.root["paths"]) ? document.root["paths"] : {};
  return Object.entries(paths).flatMap(([path, raw]) => {
    const item = document.follow(raw) ?? {};
    return Object.keys(item).flatMap((method) => {
      const operation = methods.has(method) ? document.follow(item[method]) : undefined;
      return operation ? [readOperation(document, { path, item, method, operation, api, unique })] : [];
    });
  });
}

interface Operation {
  readonly path: string;
  readonly item: JsonObject;
  readonly method: string;
  readonly operation: JsonObject;
  readonly api: { readonly title: string; readonly server: string };
  readonly unique: (name: string) => string;
}

function readOperation(document: OpenApiDocument, found: Operation): Tool {
  const { path, item, method, operation, api } = found;
  const madeUp = toName(`${method}${path}`, method);
  const name = found.unique(toName(textOf(operation["operationId"]) ?? "", madeUp));
  const summary = textOf(operation["summary"]) ?? textOf(item["summary"]);
  const description = [summary, textOf(operation["description"])]
    .filter((part, index, parts) => part !== undefined && parts.indexOf(part) === index)
    .join("\n");
  const [tag] = listOf(operation["tags"]);
  const request = readRequest(document, found);
  const returns = readReturns(document, operation);
  return {
    id: `${api.server}.${name}`,
    name,
    server: api.server,
    category: cleanText(textOf(tag) ?? api.title),
    title: cleanText(summary ?? name),
    description: cleanText(description || textOf(item["description"]) || `${method.toUpperCase()} ${path}`),
    parameters: request.parameters,
    ...(returns === undefined ? {} : { returns }),
    source: document.source,
    execution: {
      type: "http",
      method: method.toUpperCase(),
      url:
        serverUrl([operation["servers"], item["servers"], document.root["servers"]], document.source) + path,
      parameters: request.places,
      ...(request.body ? { body: request.body.place } : {}),
    },
  };
}

function readRequest(
  document: OpenApiDocument,
  { path, item, operation }: Operation,
): {
  parameters: JsonObject;
  places: ReturnType<typeof readParameters>[number]["place"][];
  body: Body | undefined;
} {
  const expander = createSchemaExpander(document, "sent");
  const declared = [...listOf(item["parameters"]), ...listOf(operation["parameters"])];
  const found = readParameters(document, declared, path, expander);
  const requestBody = document.follow(operation["requestBody"]);
  const taken = new Set(found.map(({ name }) => name));
  const body = requestBody && readBody(document, requestBody, taken, expander);
  const all = [...found, ...(body?.arguments ?? [])];
  const required = all.filter((argument) => argument.required).map(({ name }) => name);
  const parameters = cleanSchema({
    type: "object",
    properties: Object.fromEntries(all.map(({ name, schema }) => [name, schema])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: body?.additional ?? false,
    ...expander.definitions(),
  });
  return { parameters, places: found.map(({ place }) => place), body };
}

/** What the first successful JSON response looks like. */
function readReturns(document: OpenApiDocument, operation: JsonObject): JsonValue | undefined {
  const responses = Object.entries(isJsonObject(operation["responses"]) ? operation["responses"] : {});
  const success =
    responses.find(([status]) => /^2/.test(status)) ?? responses.find(([status]) => status === "default");
  const content = document.follow(success?.[1])?.["content"];
  if (!isJsonObject(content)) return undefined;
  const json = Object.entries(content).find(([type]) => /json/i.test(type));
  const schema = document.follow(json?.[1])?.["schema"];
  if (schema === undefined) return undefined;
  return typeTemplate(createSchemaExpander(document, "received").expand(schema));
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}
