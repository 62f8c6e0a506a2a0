/** A tool run for a language model, if the host allowed it and its arguments are right. */

import { messageOf, RetrieveError } from "../../std/index.ts";
import type { JsonValue } from "../../store/index.ts";
import { requireHost, requireName } from "./allow.ts";
import { callHttp } from "./http/call.ts";
import { templateUrl } from "./http/request.ts";
import { tooLarge } from "./http/send.ts";
import { isJsonObject, type JsonObject, toJson } from "./json.ts";
import { callMcp, commandLine } from "./mcp/call.ts";
import type { McpServers } from "./mcp/servers.ts";
import type { Tool } from "./tool.ts";

/** A function of the host, given at the call for tools that were added as bare schemas. */
export type HostFunction = (args: JsonValue, signal?: AbortSignal) => unknown;

export interface CallToolOptions {
  /**
   * What may run: hosts (`api.example.com`, `localhost:8080`) for OpenAPI operations; a server's name, its command line
   * or a tool's id for MCP; a function's name or id. Compared exactly. Redirects need their targets allowed too.
   */
  readonly allow: readonly string[];
  /** By tool name or id. */
  readonly functions?: Readonly<Record<string, HostFunction>>;
  /** HTTP headers by host, written as in `allow`: the only way to send credentials. */
  readonly headers?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Running MCP servers to share between calls; default: a process for this call alone. */
  readonly servers?: McpServers;
  /** For the whole call, starting an MCP server included. Default 30 s. */
  readonly timeoutMs?: number;
  /** Default 1 MiB. */
  readonly maxResponseBytes?: number;
  /** Default 5. */
  readonly maxRedirects?: number;
  readonly signal?: AbortSignal;
}

export interface ToolResult {
  /** Parsed JSON, or text. It is data from outside: fence it in a prompt. */
  readonly result: JsonValue;
  readonly seconds: number;
}

/**
 * Runs one tool. Nothing is started or sent before the tool is found to be allowed and the arguments valid.
 *
 * Throws `not_allowed` (naming the entry to allow; or a result that is too large), `invalid_argument` (each fault of the
 * arguments), `unsupported` (a schema that cannot be checked, no server URL), `tool_failed` (the tool answered with an
 * error), `network` (unreachable, or out of time), `not_found` (a function or program that is not there).
 */
export async function callTool(tool: Tool, args: unknown, options: CallToolOptions): Promise<ToolResult> {
  const { timeoutMs = 30_000, maxResponseBytes = 2 ** 20, signal } = options;
  const start = performance.now();
  signal?.throwIfAborted();
  requireAllowed(tool, options.allow);
  const { validateArguments } = await import("./validate.ts"); // a validator takes a while to load
  const valid = validateArguments(tool, args);
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(outOfTime(tool.id, timeoutMs)), timeoutMs);
  try {
    const combined = signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal;
    const result = await run(tool, valid, { ...options, timeoutMs, maxResponseBytes, signal: combined });
    if (Buffer.byteLength(JSON.stringify(result)) > maxResponseBytes)
      throw tooLarge(maxResponseBytes, tool.id);
    return { result, seconds: Math.round(performance.now() - start) / 1000 };
  } finally {
    clearTimeout(timer);
  }
}

function requireAllowed(tool: Tool, allow: readonly string[]): void {
  const { execution, id } = tool;
  switch (execution.type) {
    case "http":
      requireHost(allow, templateUrl(id, execution.url), id);
      break;
    case "mcp": {
      const line = commandLine(execution);
      const lines = line === undefined ? [] : [line, `mcp:${line}`];
      requireName(allow, [execution.server, tool.server, id, ...lines], id, "the MCP server");
      break;
    }
    case "function":
      requireName(allow, [tool.name, id], id, "the function");
      break;
  }
}

type Limits = CallToolOptions & {
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly signal: AbortSignal;
};

async function run(tool: Tool, args: JsonObject, limits: Limits): Promise<JsonValue> {
  const { execution } = tool;
  switch (execution.type) {
    case "http":
      return await callHttp(tool, execution, args, { ...limits, maxRedirects: limits.maxRedirects ?? 5 });
    case "mcp":
      return await callMcp(tool, execution, args, limits);
    case "function":
      return await callFunction(tool, args, limits);
  }
}

async function callFunction(tool: Tool, args: JsonObject, limits: Limits): Promise<JsonValue> {
  const { functions = {}, signal } = limits;
  const key = [tool.id, tool.name].find((name) => Object.hasOwn(functions, name));
  const given = key === undefined ? undefined : functions[key];
  if (given === undefined) {
    throw new RetrieveError(
      "not_found",
      `${tool.id}: no function was given to run it; pass functions: { "${tool.name}": (args) => … }`,
    );
  }
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  // A function that throws at once leaves nobody waiting for the signal.
  stopped.catch(() => undefined);
  try {
    return toJson(
      (await Promise.race([given(args, signal), stopped])) ?? null,
      `${tool.id}: result`,
      "tool_failed",
    );
  } catch (error) {
    if (signal.aborted || RetrieveError.isInstance(error)) throw error;
    throw new RetrieveError("tool_failed", `${tool.id}: the function failed: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function outOfTime(id: string, timeoutMs: number): RetrieveError {
  return new RetrieveError(
    "network",
    `${id}: no result within ${timeoutMs} ms; raise timeoutMs to wait longer`,
  );
}

/** A tool as it comes back from an index. Throws `invalid_data` for a value that is none. */
export function parseTool(value: JsonValue): Tool {
  if (isTool(value)) return value;
  throw new RetrieveError(
    "invalid_data",
    `not a stored tool: ${JSON.stringify(value).slice(0, 100)}; add its source again`,
  );
}

function isTool(value: JsonValue): value is Tool {
  if (!isJsonObject(value)) return false;
  const texts = ["id", "name", "server", "category", "title", "description", "source"];
  const { parameters, execution } = value;
  if (!texts.every((key) => typeof value[key] === "string") || !isJsonObject(parameters)) return false;
  if (!isJsonObject(execution)) return false;
  const { type, method, url, parameters: places, server, tool, launch } = execution;
  if (type === "http") return typeof method === "string" && typeof url === "string" && Array.isArray(places);
  if (type === "mcp") return typeof server === "string" && typeof tool === "string" && isJsonObject(launch);
  return type === "function";
}
