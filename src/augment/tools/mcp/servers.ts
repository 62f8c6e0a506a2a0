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
  const explain = (error: unknown, doing: string): unknown =>
    mcpError(error, doing, launch, stderr, options.signal);
  const client = new Client({ name: "retrieve-anything", version: "1" }, { listMaxPages: maxPages });
  client.onclose = onClose;
  try {
    await client.connect(transport, requestOptions(options));
  } catch (error) {
    await transport.close();
    throw explain(error, "did not start");
  }
  const server: McpServer = {
    name: client.getServerVersion()?.name ?? command,
    listTools: (request) =>
      guarded(
        async () => (await client.listTools(undefined, requestOptions(request))).tools,
        (error) => explain(error, "did not list its tools"),
      ),
    callTool: (name, input, request) =>
      guarded(
        () => client.callTool({ name, arguments: input }, requestOptions(request)),
        (error) => explain(error, `failed to run ${name}`),
      ),
  };
  return { server, client };
}

async function guarded<Value>(
  run: () => Promise<Value>,
  explain: (error: unknown) => unknown,
): Promise<Value> {
  try {
    return await run();
  } catch (error) {
    throw explain(error);
  }
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
  launch: McpLaunch,
  stderr: string,
  signal?: AbortSignal,
): unknown {
  if (signal?.aborted) return signal.reason;
  if (RetrieveError.isInstance(error)) return error;
  const line = [launch.command, ...launch.args].join(" ");
  if (systemCode(error) === "ENOENT") {
    return new RetrieveError(
      "not_found",
      `MCP server: no program "${launch.command}"; install it or give its full path`,
      {
        cause: error,
      },
    );
  }
  const said = cleanText(stderr);
  return new RetrieveError(
    "network",
    `MCP server "${line}" ${doing}: ${cleanText(messageOf(error))}${said === "" ? "" : `; its stderr ends: ${said}`}`,
    { cause: error },
  );
}
