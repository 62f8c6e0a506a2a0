/** Tools for language models: read from what describes them, offered as schemas, run where the host allows it. */

export { type CallToolOptions, callTool, type HostFunction, parseTool, type ToolResult } from "./call.ts";
export { toolDocumentText } from "./document-text.ts";
export { functionTools } from "./functions.ts";
export { type McpServers, openMcpServers } from "./mcp/servers.ts";
export { openApiTools } from "./openapi/tools.ts";
export { toolSchema, toolSourceRecord } from "./record.ts";
export { type ReadToolsOptions, readTools } from "./sources.ts";
export type { Execution, Tool } from "./tool.ts";
