/** The HTTP request that a tool's execution and its arguments make. Pure: sends nothing. */

import { RetrieveError } from "../../../std/index.ts";
import type { JsonValue } from "../../../store/index.ts";
import type { JsonObject } from "../json.ts";
import type { BodyPlace, Execution, Tool } from "../tool.ts";
import { isForbiddenHeader } from "./headers.ts";
import { encode, headerText, pathText, plainText, queryPairs } from "./serialize.ts";

export type HttpExecution = Extract<Execution, { type: "http" }>;

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  /** From arguments: never sent to another host than `url`'s. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: { readonly contentType: string; readonly bytes: Uint8Array };
}

/**
 * The request of validated arguments. Path values are encoded and cannot leave their segment.
 *
 * Throws `invalid_argument` for values that fit nowhere (an empty path part, a line break in a header), `unsupported`
 * for a tool without an absolute server URL.
 */
export async function buildRequest(
  id: Tool["id"],
  execution: HttpExecution,
  args: JsonObject,
): Promise<HttpRequest> {
  const { method, parameters } = execution;
  const given = parameters.flatMap((place) => {
    const value = Object.hasOwn(args, place.argument) ? args[place.argument] : undefined;
    return value === undefined || value === null ? [] : [{ place, value }];
  });
  const inPlace = (location: string): typeof given => given.filter(({ place }) => place.in === location);
  const paths = new Map(inPlace("path").map(({ place, value }) => [place.name, pathText(value, place)]));
  const query = inPlace("query").flatMap(({ place, value }) => queryPairs(value, place));
  const cookies = inPlace("cookie").map(
    ({ place, value }) => `${encode(place.name)}=${encode(headerText(value, place))}`,
  );
  const headers = inPlace("header").map(
    ({ place, value }) => [place.name, headerText(value, place)] as const,
  );
  for (const [name, value] of headers) requireHeader(id, name, value);
  const body = execution.body && (await buildBody(execution.body, restOf(execution, args)));
  return {
    method,
    url: buildUrl(id, execution.url, paths, query),
    headers: {
      ...Object.fromEntries(headers),
      ...(cookies.length === 0 ? {} : { cookie: cookies.join("; ") }),
    },
    ...(body ? { body } : {}),
  };
}

/** The server of an execution's template, before any argument is filled in. */
export function templateUrl(id: string, template: string): URL {
  const url = template.replace(/\{[^{}]*\}/g, "x");
  if (/^[a-z][a-z0-9+.-]*:/i.test(url) && URL.canParse(url)) return new URL(url);
  throw new RetrieveError(
    "unsupported",
    `${id}: its document names no absolute server URL (got ${template}); add servers: [{ url: https://… }] to the document and add it again`,
  );
}

function buildUrl(
  id: string,
  template: string,
  paths: ReadonlyMap<string, string>,
  query: readonly string[],
): URL {
  const { origin } = templateUrl(id, template);
  const filled = template.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const value = paths.get(name) ?? "";
    if (value !== "") return value;
    throw new RetrieveError(
      "invalid_argument",
      `${id}: the path needs ${name}, got nothing; give it a value`,
    );
  });
  // A segment `..`, or `%2e%2e`, would climb out of the operation's path when the URL is read.
  if (filled.split("/").some((segment) => /^(\.|%2e){1,2}$/i.test(segment))) {
    throw new RetrieveError(
      "invalid_argument",
      `${id}: a path part is "." or "..", which would name another operation`,
    );
  }
  const url = new URL(query.length === 0 ? filled : `${filled}?${query.join("&")}`);
  if (url.origin === origin) return url;
  throw new RetrieveError("not_allowed", `${id}: an argument in its server's name is refused`);
}

function requireHeader(id: string, name: string, value: string): void {
  if (isForbiddenHeader(name)) {
    throw new RetrieveError(
      "not_allowed",
      `${id}: the header ${name} is set by the host alone; give it in headers of the call`,
    );
  }
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    throw new RetrieveError(
      "invalid_argument",
      `${id}: the value of the header ${name} has characters that headers cannot hold (line breaks, or beyond Latin-1)`,
    );
  }
}

/** The arguments that are no parameters: what a body may be made of. */
function restOf({ parameters }: HttpExecution, args: JsonObject): JsonObject {
  const placed = new Set(parameters.map(({ argument }) => argument));
  return Object.fromEntries(Object.entries(args).filter(([name]) => !placed.has(name)));
}

async function buildBody(place: BodyPlace, args: JsonObject): Promise<HttpRequest["body"]> {
  const { encoding, contentType } = place;
  const content = bodyValue(place, args);
  if (content === undefined) return undefined;
  if (encoding === "json") return { contentType, bytes: Buffer.from(JSON.stringify(content)) };
  if (encoding === "text") return { contentType, bytes: Buffer.from(plainText(content)) };
  const fields = Object.entries(typeof content === "object" && content !== null ? content : {}).flatMap(
    ([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((item) => [name, plainText(item)] as const),
  );
  if (encoding === "form")
    return {
      contentType,
      bytes: Buffer.from(fields.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&")),
    };
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  const multipart = new Response(form);
  return {
    contentType: multipart.headers.get("content-type") ?? contentType,
    bytes: new Uint8Array(await multipart.arrayBuffer()),
  };
}

function bodyValue({ from }: BodyPlace, args: JsonObject): JsonValue | undefined {
  if ("argument" in from) return Object.hasOwn(args, from.argument) ? args[from.argument] : undefined;
  const wire = new Map(from.fields.map(({ argument, name }) => [argument, name]));
  const fields = Object.entries(args).filter(([name]) => from.rest || wire.has(name));
  return Object.fromEntries(fields.map(([name, value]) => [wire.get(name) ?? name, value]));
}
