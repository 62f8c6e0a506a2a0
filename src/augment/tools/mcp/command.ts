/** How MCP servers are described: a command line after `mcp:`, or an `mcpServers` file. Starts nothing. */

import { RetrieveError, readText } from "../../../std/index.ts";
import type { JsonValue } from "../../../store/index.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import { parseJson } from "../parse.ts";

/** A process to start, without a shell. */
export interface McpLaunch {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the few variables that every server inherits (PATH, HOME, …). */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/**
 * Splits a command line into a command and its arguments: at spaces, but not within `'…'` or `"…"`. Within double
 * quotes, and outside of quotes, a backslash takes the next character literally if that is a quote, a space or a
 * backslash; any other backslash stands for itself, so Windows paths need no care. Nothing else is special: no
 * variables, no globs, no pipes.
 *
 * Throws `invalid_argument` for an empty line or a quote that is not closed.
 */
export function splitCommand(line: string): string[] {
  const token = /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(["' \\])|(\\|[^\s'"\\])|(\s+)|(['"])/gsu;
  const words: string[] = [];
  let word: string | undefined;
  for (const [, single, double, escaped, plain, space, open] of line.matchAll(token)) {
    if (open !== undefined) {
      throw new RetrieveError("invalid_argument", `mcp: the quote ${open} is not closed in: ${line}`);
    }
    if (space === undefined) {
      word = (word ?? "") + (single ?? double?.replace(/\\(["' \\])/g, "$1") ?? escaped ?? plain ?? "");
    } else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  if (word !== undefined) words.push(word);
  if (words[0] === undefined || words[0] === "") {
    throw new RetrieveError(
      "invalid_argument",
      "mcp: no command given; wanted mcp:COMMAND ARG…, such as mcp:node server.js",
    );
  }
  return words;
}

/** One entry of an `mcpServers` file. */
export interface ConfiguredServer {
  readonly name: string;
  /** Undefined for a server that is reached by URL: only processes are started here. */
  readonly launch: McpLaunch | undefined;
}

/**
 * The servers of `{ "mcpServers": { NAME: { command, args?, env?, cwd? } } }`, without those marked `disabled`.
 *
 * Throws `invalid_data` naming file, server and field.
 */
export function parseMcpServers(config: JsonValue, source: string): ConfiguredServer[] {
  const servers = isJsonObject(config) ? config["mcpServers"] : undefined;
  if (!isJsonObject(servers)) {
    throw new RetrieveError(
      "invalid_data",
      `${source}: no mcpServers; wanted { "mcpServers": { NAME: { "command", "args" } } }`,
    );
  }
  return Object.entries(servers)
    .filter(([, entry]) => !isJsonObject(entry) || entry["disabled"] !== true)
    .map(([name, entry]) => ({ name, launch: parseLaunch(entry, `${source}: mcpServers.${name}`) }));
}

/** The process of one server of an `mcpServers` file, read again at each start: its environment is kept nowhere else. */
export async function configuredLaunch(path: string, server: string): Promise<McpLaunch> {
  const found = parseMcpServers(parseJson(await readText(path), path), path).find(
    ({ name }) => name === server,
  );
  if (found?.launch) return found.launch;
  throw new RetrieveError(
    "not_found",
    `${path}: no mcpServers entry "${server}" with a command; add it, or add the file's tools to the index again`,
  );
}

function parseLaunch(entry: JsonValue, place: string): McpLaunch | undefined {
  if (!isJsonObject(entry))
    throw new RetrieveError("invalid_data", `${place}: wanted an object with a command`);
  const { command, args, env, cwd, url } = entry;
  if (command === undefined && typeof url === "string") return undefined;
  if (typeof command !== "string" || command === "") {
    throw new RetrieveError(
      "invalid_data",
      `${place}.command is ${JSON.stringify(command)}, wanted a program's name or path`,
    );
  }
  return {
    command,
    args: strings(args, `${place}.args`),
    ...(env === undefined ? {} : { env: stringMap(env, `${place}.env`) }),
    ...(typeof cwd === "string" ? { cwd } : {}),
  };
}

function strings(value: JsonValue | undefined, place: string): string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new RetrieveError("invalid_data", `${place} is ${JSON.stringify(value)}, wanted an array of strings`);
}

function stringMap(value: JsonValue, place: string): Record<string, string> {
  const entries: readonly [string, JsonValue][] = isJsonObject(value)
    ? Object.entries(value as JsonObject)
    : [];
  // The values are not shown: they are often keys.
  if (isJsonObject(value) && entries.every(([, item]) => typeof item === "string")) {
    return Object.fromEntries(entries.map(([key, item]) => [key, String(item)]));
  }
  throw new RetrieveError("invalid_data", `${place}: wanted an object whose values are strings`);
}
