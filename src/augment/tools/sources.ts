/** Tools from wherever they are described: an OpenAPI document, function schemas, MCP servers. */

import { basename, extname } from "node:path";
import { messageOf, type OnNotice, RetrieveError, readText } from "../../std/index.ts";
import type { JsonValue } from "../../store/index.ts";
import { functionTools } from "./functions.ts";
import { isJsonObject } from "./json.ts";
import { mcpCommandTools, mcpConfigTools } from "./mcp/tools.ts";
import { openApiTools } from "./openapi/tools.ts";
import { parseJsonOrYaml } from "./parse.ts";
import type { Tool } from "./tool.ts";

export interface ReadToolsOptions {
  /** For the download of a document, and for each answer of an MCP server. Default 30 s. */
  readonly timeoutMs?: number;
  /** Refuses URLs. */
  readonly offline?: boolean;
  readonly signal?: AbortSignal;
  /** Told of entries that are left out. */
  readonly onNotice?: OnNotice;
}

/** Documents larger than this are refused when they are downloaded: 32 MiB. */
const maxDocumentBytes = 32 * 2 ** 20;

/**
 * The tools that `source` describes: an OpenAPI 3 file or URL (JSON or YAML), a file with a JSON array of function
 * schemas, `mcp:COMMAND ARG…`, or an `mcpServers` file. MCP servers are started to list their tools and ended again.
 *
 * Throws `not_found`, `invalid_data`, `unsupported` (Swagger 2, references into other files), `network`, `offline`; an
 * `mcpServers` document from a URL is `not_allowed`: it would run the commands of whoever serves it.
 */
export async function readTools(source: string, options: ReadToolsOptions = {}): Promise<Tool[]> {
  const { timeoutMs = 30_000, signal, onNotice } = options;
  const request = { timeoutMs, ...(signal ? { signal } : {}), ...(onNotice ? { onNotice } : {}) };
  if (source.startsWith("mcp:")) return await mcpCommandTools(source, request);
  const remote = /^https?:\/\//i.test(source);
  if (remote && options.offline === true) {
    throw new RetrieveError(
      "offline",
      `${source}: must be downloaded, and offline mode forbids it; save it as a file and add that, or go online`,
    );
  }
  const text = remote ? await download(source, timeoutMs, signal) : await readText(source);
  const value = parseJsonOrYaml(text, source);
  if (!isJsonObject(value) || !Object.hasOwn(value, "mcpServers")) return documentTools(value, source);
  if (!remote) return await mcpConfigTools(value, source, request);
  throw new RetrieveError(
    "not_allowed",
    `${source}: an mcpServers document from a URL is refused, as its commands would run here; read it, save it as a file and add that`,
  );
}

function documentTools(value: JsonValue, source: string): Tool[] {
  const server = basename(source, extname(source));
  if (Array.isArray(value)) return functionTools(value, { server, source });
  if (isJsonObject(value)) {
    if (value["openapi"] !== undefined || value["swagger"] !== undefined) return openApiTools(value, source);
    if (Array.isArray(value["tools"])) return functionTools(value["tools"], { server, source });
  }
  throw new RetrieveError(
    "invalid_data",
    `${source}: describes no tools; wanted an OpenAPI 3 document, a JSON array of function schemas, or an object with mcpServers`,
  );
}

async function download(url: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<string> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    if (!response.ok)
      throw new RetrieveError("network", `${url}: answered ${response.status} ${response.statusText}`);
    return await readLimited(response, url);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (RetrieveError.isInstance(error)) throw error;
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new RetrieveError("network", `${url}: could not be read (${messageOf(cause)}); check the address`, {
      cause: error,
    });
  }
}

async function readLimited(response: Response, url: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > maxDocumentBytes) {
      throw new RetrieveError(
        "invalid_data",
        `${url}: larger than ${maxDocumentBytes} bytes; save it as a file and add that`,
      );
    }
    parts.push(part);
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}
