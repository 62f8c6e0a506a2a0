/** Tools of MCP servers, run by `tools/call`. */

import { RetrieveError } from "../../../std/index.ts";
import type { JsonValue } from "../../../store/index.ts";
import { type JsonObject, toJson } from "../json.ts";
import { cleanText } from "../naming.ts";
import type { Execution, Tool } from "../tool.ts";
import { configuredLaunch, type McpLaunch } from "./command.ts";
import { type McpRequestOptions, type McpServers, type McpToolResult, openMcpServers } from "./servers.ts";

export type McpExecution = Extract<Execution, { type: "mcp" }>;

/**
 * The result of one tool: its structured content; else its text, parsed where it is a JSON object or array; else the
 * content blocks as they are. The server is one of `servers`, or started for this call and ended after it.
 *
 * Throws `tool_failed` for a result that is an error.
 */
export async function callMcp(
  tool: Pick<Tool, "id">,
  execution: McpExecution,
  args: JsonObject,
  options: McpRequestOptions & { readonly servers?: McpServers },
): Promise<JsonValue> {
  const run = async (servers: McpServers): Promise<JsonValue> => {
    const server = await servers.open(await launchOf(execution), options);
    return resultOf(await server.callTool(execution.tool, { ...args }, options), tool.id);
  };
  if (options.servers) return await run(options.servers);
  await using own = openMcpServers();
  return await run(own);
}

/** The command of an execution as the person wrote it; undefined for a server of an `mcpServers` file. */
export function commandLine({ launch }: McpExecution): string | undefined {
  return "command" in launch ? launch.command.join(" ") : undefined;
}

async function launchOf({ launch, server }: McpExecution): Promise<McpLaunch> {
  if ("config" in launch) return await configuredLaunch(launch.config, server);
  const [command = "", ...args] = launch.command;
  return { command, args };
}

function resultOf(answer: McpToolResult, id: string): JsonValue {
  const blocks = answer.content;
  const texts = blocks.flatMap((block) => (block.type === "text" ? [block.text] : []));
  if (answer.isError) {
    const said = cleanText(texts.join("\n")) || "it said nothing more";
    throw new RetrieveError("tool_failed", `${id}: the MCP server answered with an error: ${said}`);
  }
  if (answer.structuredContent !== undefined) return toJson(answer.structuredContent, id, "tool_failed");
  if (texts.length < blocks.length) return toJson(blocks, id, "tool_failed");
  return parsedText(texts.join("\n"));
}

function parsedText(text: string): JsonValue {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
