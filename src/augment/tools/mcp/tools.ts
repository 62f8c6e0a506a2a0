/** The tools of MCP servers, as the servers list them. */

import { resolve } from "node:path";
import { type OnNotice, RetrieveError } from "../../../std/index.ts";
import type { JsonValue } from "../../../store/index.ts";
import { functionTools } from "../functions.ts";
import { toName } from "../naming.ts";
import type { Execution, Tool } from "../tool.ts";
import { type McpLaunch, parseMcpServers, splitCommand } from "./command.ts";
import { type McpRequestOptions, openMcpServers } from "./servers.ts";

/** The tools of the server that `mcp:COMMAND ARG…` starts. The server is ended before the tools are returned. */
export async function mcpCommandTools(source: string, options: McpRequestOptions): Promise<Tool[]> {
  const [command = "", ...args] = splitCommand(source.replace(/^mcp:/, ""));
  return await listedTools({ command, args }, { source, launch: { command: [command, ...args] } }, options);
}

/** The tools of every server of an `mcpServers` file. Servers reached by URL are told and left out. */
export async function mcpConfigTools(
  config: JsonValue,
  path: string,
  options: McpRequestOptions & { readonly onNotice?: OnNotice },
): Promise<Tool[]> {
  const tools: Tool[] = [];
  for (const { name, launch } of parseMcpServers(config, path)) {
    if (launch === undefined) {
      options.onNotice?.(
        `${path}: mcpServers.${name} is left out: it is reached by URL, only commands (stdio) are run`,
      );
    } else {
      tools.push(
        ...(await listedTools(launch, { name, source: path, launch: { config: resolve(path) } }, options)),
      );
    }
  }
  if (tools.length > 0) return tools;
  throw new RetrieveError(
    "invalid_data",
    `${path}: its mcpServers offer no tool; wanted at least one server with a command and tools`,
  );
}

interface Described {
  /** Default: what the server calls itself. */
  readonly name?: string;
  readonly source: string;
  readonly launch: Extract<Execution, { type: "mcp" }>["launch"];
}

async function listedTools(
  launch: McpLaunch,
  described: Described,
  options: McpRequestOptions,
): Promise<Tool[]> {
  await using servers = openMcpServers();
  const running = await servers.open(launch, options);
  // What a server calls itself becomes a plain word, so that it can never equal a host that is allowed.
  const server = described.name ?? toName(running.name, "mcp");
  return functionTools(await running.listTools(options), {
    server,
    source: described.source,
    execution: (tool) => ({ type: "mcp", server, tool, launch: described.launch }),
  });
}
