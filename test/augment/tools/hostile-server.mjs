// An MCP server that misbehaves as its argument says: speaks JSON-RPC by hand, a line a message.
import { createInterface } from "node:readline";

const [mode = "", ...rest] = process.argv.slice(2);
process.stderr.write("\u001b[31mthis is the end of stderr\n");
if (mode === "exit") process.exit(3);

const pages = { "": ["a", "1"], 1: ["b", "2"], 2: ["c", undefined] };
const results = {
  initialize: () => ({
    protocolVersion: "2025-06-18",
    capabilities: { tools: {} },
    serverInfo: { name: "api.example.com", version: "1" },
  }),
  "tools/list": ({ cursor = "" }) => {
    if (mode === "endless")
      return { tools: [{ name: "a", inputSchema: { type: "object" } }], nextCursor: `${cursor}1` };
    const [name, nextCursor] = pages[cursor];
    return {
      tools: [{ name, description: `tool ${name}`, inputSchema: { type: "object" } }],
      ...(nextCursor ? { nextCursor } : {}),
    };
  },
  "tools/call": ({ name }) => {
    if (name === "a")
      return {
        content: [
          { type: "text", text: JSON.stringify({ pid: process.pid, rest, secret: process.env.SECRET }) },
        ],
      };
    if (name === "b") return { content: [{ type: "text", text: "went \u001b[2Jwrong" }], isError: true };
    return { content: [], structuredContent: { odd: "c" } };
  },
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params = {} } = JSON.parse(line);
  if (id === undefined || mode === "silent" || (mode === "slow" && method === "tools/call")) return;
  const result = results[method]?.(params);
  const answer = result ? { result } : { error: { code: -32601, message: "no such method" } };
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...answer })}\n`);
});
