/** MCP servers as child processes over stdio, through the official SDK: started once, shared, and always ended. */

import type { Client } from "@modelcontextprotocol/client";
import { messageOf, RetrieveError, systemCode } from "../../../std/index.ts";
import { cleanText } from "../naming.ts";
import type { McpLaunch } from "./command.ts";

/** A tool as its server lists it. */
export type ListedTool = Awaited<ReturnType<Client["listTools"]>>["tools"][number];
/** What `tools/call` answers. */
export type McpToolResult = Awaited<ReturnType<Client["callTool"]>>;

export interface McpRequestOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** One running server. */
export interface McpServer {
  /** What the server calls itself. */
  readonly name: string;
  /** Every page of `tools/list`. */
  listTools(options: McpRequestOptions): Promise<ListedTool[]>;
  callTool(name: string, args: Record<string, unknown>, options: McpRequestOptions): Promise<McpToolResult>;
}

/** Running servers, one process for each launch, however often it is asked for. */
export interface McpServers extends AsyncDisposable {
  /**
   * The server of `launch`, started if it is not running. Throws `not_found` for a command that is not there and
   * `network` for one that does not speak MCP in time, with the end of what it wrote to stderr.
   */
  open(launch: McpLaunch, options: McpRequestOptions): Promise<McpServer>;
  /** Ends every process: closed input, then SIGTERM, then SIGKILL, two seconds apart. */
  close(): Promise<void>;
}

interface Running {
  readonly server: McpServer;
  readonly client: Client;
}

/** Servers to share between calls. Nothing is started until it is asked for. */
export function openMcpServers(): McpServers {
  const running = new Map<string, Promise<Running>>();
  const close = async (): Promise<void> => {
    const all = [...running.values()];
    running.clear();
    await Promise.all(
      all.map((started) =>
        started.then(
          ({ client }) => client.close(),
          () => undefined,
        ),
      ),
    );
  };
  return {
    open: async (launch, options) => {
      const key = JSON.stringify(launch);
      const known = running.get(key) ?? start(launch, options, () => running.delete(key));
      running.set(key, known);
      return (
        await known.catch((error) => {
          running.delete(key);
          throw error;
        })
      ).server;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Pages of `tools/list` that are read; a server that has more is taken to go in circles. */
const maxPages = 1_000;

/** Kept of what a server writes to stderr, for errors. */
const stderrTail = 2_000;

async function start(launch: McpLaunch, options: McpRequestOptions, onClose: () => void): Promise<Running> {
  const [{ Client }, { StdioClientTransport }] = await Promise.all([
    import("@modelcontextprotocol/client"),
    import("@modelcontextprotocol/client/stdio"),
  ]);
  const { command, args, env, cwd } = launch;
  const transport = new StdioClientTransport({
    command,
    args: [...args],
    stderr: "pipe",
    ...(env ? { env: { ...env } } : {}),
    ...(cwd ? { cwd } : {}),
  });
  let stderr = "";
  transport.stderr?.on("data", (part: Buffer) => {
    stderr = (stderr + part.toString("utf8")).slice(-stderrTail);
  });
  const guarded = async <Value>(
    run: () => Promise<Value>,
    doing: string,
    signal?: AbortSignal,
  ): Promise<Value> => {
    try {
      return await run();
    } catch (error) {
      throw signal?.aborted ? signal.reason : mcpError(error, doing, launch, stderr);
    }
  };
  const client = new Client({ name: "retrieve-anything", version: "1" }, { listMaxPages: maxPages });
  client.onclose = onClose;
  // Closed before the error is told, so that all of stderr has arrived.
  const connect = (): Promise<void> =>
    client.connect(transport, requestOptions(options)).catch(async (error) => {
      await transport.close();
      throw error;
    });
  await guarded(connect, "did not start", options.signal);
  const server: McpServer = {
    name: client.getServerVersion()?.name ?? command,
    listTools: async (request) => {
      const list = (): ReturnType<Client["listTools"]> =>
        client.listTools(undefined, requestOptions(request));
      return (await guarded(list, "did not list its tools", request.signal)).tools;
    },
    callTool: (name, input, request) => {
      const call = (): Promise<McpToolResult> =>
        client.callTool({ name, arguments: input }, requestOptions(request));
      return guarded(call, `failed to run ${name}`, request.signal);
    },
  };
  return { server, client };
}

function requestOptions({ timeoutMs, signal }: McpRequestOptions): {
  timeout: number;
  maxTotalTimeout: number;
  signal?: AbortSignal;
} {
  return { timeout: timeoutMs, maxTotalTimeout: timeoutMs, ...(signal ? { signal } : {}) };
}

function mcpError(
  error: unknown,
  doing: string,
  { command, args }: McpLaunch,
  stderr: string,
): RetrieveError {
  const cause = { cause: error };
  if (systemCode(error) === "ENOENT") {
    const message = `MCP server: no program "${command}"; install it or give its full path`;
    return new RetrieveError("not_found", message, cause);
  }
  // A numeric code is JSON-RPC's: the server answered, and refused.
  const refused = error instanceof Error && "code" in error && typeof error.code === "number";
  const said = cleanText(stderr);
  return new RetrieveError(
    refused ? "tool_failed" : "network",
    `MCP server "${[command, ...args].join(" ")}" ${doing}: ${cleanText(messageOf(error))}${said === "" ? "" : `; its stderr ends: ${said}`}`,
    cause,
  );
}
