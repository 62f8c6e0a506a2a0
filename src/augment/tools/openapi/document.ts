/** An OpenAPI 3 document whose references can be followed. Only references within the document are. */

import { RetrieveError } from "../../../std/index.ts";
import type { JsonValue } from "../../../store/index.ts";
import { isJsonObject, type JsonObject, toJson } from "../json.ts";

export interface OpenApiDocument {
  readonly root: JsonObject;
  /** The file or URL it was read from; errors begin with it. */
  readonly source: string;
  /** What a reference points to in the end: chains of bare references are followed. */
  target(ref: string): { readonly ref: string; readonly value: JsonValue };
  /** `value` itself, or what it refers to, as an object; undefined where it is none. */
  follow(value: JsonValue | undefined): JsonObject | undefined;
}

/**
 * A parsed document, checked to be OpenAPI 3.
 *
 * Throws `unsupported` for Swagger 2 and other versions and, when one is followed, for a reference that leaves the
 * document; `invalid_data` for a reference to nothing or to itself.
 */
export function createOpenApiDocument(value: unknown, source: string): OpenApiDocument {
  const root = toJson(value, source);
  if (!isJsonObject(root)) throw new RetrieveError("invalid_data", `${source}: not an OpenAPI document`);
  requireVersion(root, source);
  const target = (start: string): { ref: string; value: JsonValue } => {
    const seen = new Set<string>();
    for (let ref = start; ; ) {
      if (seen.has(ref)) throw new RetrieveError("invalid_data", `${source}: $ref ${start} refers to itself`);
      seen.add(ref);
      const found = pointed(root, ref, source);
      const next = isJsonObject(found) && Object.keys(found).length === 1 ? found["$ref"] : undefined;
      if (typeof next !== "string") return { ref, value: found };
      ref = next;
    }
  };
  const follow = (given: JsonValue | undefined): JsonObject | undefined => {
    if (!isJsonObject(given)) return undefined;
    const ref = given["$ref"];
    if (typeof ref !== "string") return given;
    const found = target(ref).value;
    return isJsonObject(found) ? found : undefined;
  };
  return { root, source, target, follow };
}

function requireVersion(root: JsonObject, source: string): void {
  const version = root["openapi"];
  if (typeof version === "string" && /^3\./.test(version)) return;
  if (root["swagger"] !== undefined) {
    throw new RetrieveError(
      "unsupported",
      `${source}: is a Swagger ${String(root["swagger"])} document, OpenAPI 3 is wanted; convert it with: npx swagger2openapi FILE -o openapi.yaml`,
    );
  }
  throw new RetrieveError(
    "unsupported",
    `${source}: openapi is ${JSON.stringify(version)}, wanted 3.0 or 3.1`,
  );
}

/** The value that a JSON Pointer reference (`#/components/schemas/Pet`, RFC 6901) names. */
function pointed(root: JsonObject, ref: string, source: string): JsonValue {
  if (!ref.startsWith("#")) {
    throw new RetrieveError(
      "unsupported",
      `${source}: $ref ${ref} leaves the document; bundle it into one file first: npx @redocly/cli bundle FILE -o openapi.yaml`,
    );
  }
  let value: JsonValue | undefined = root;
  for (const part of ref.slice(1).split("/").slice(1)) {
    value = member(value, unescapePointer(part));
    if (value === undefined)
      throw new RetrieveError("invalid_data", `${source}: $ref ${ref} points to nothing`);
  }
  return value;
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (Array.isArray(value)) return /^\d+$/.test(key) ? value[Number(key)] : undefined;
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function unescapePointer(part: string): string {
  const decoded = /%(?![0-9a-fA-F]{2})/.test(part) ? part : decodeURIComponent(part);
  return decoded.replaceAll("~1", "/").replaceAll("~0", "~");
}
