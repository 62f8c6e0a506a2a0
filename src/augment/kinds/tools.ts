/** Tools: what a model can call. The key is the description in the reference system's layout, the value the tool. */

import type { ToolPiece } from "../compose/prompt.ts";
import { functionTools, parseTool, readTools, toolSchema, toolSourceRecord } from "../tools/index.ts";
import type { Kind } from "./kind.ts";

/** OpenAPI documents, files of function schemas, MCP servers; function schemas as records. */
export const tools: Kind<"tools"> = {
  name: "tools",
  task: "tool",
  async *read(sources, { offline, signal, onNotice }) {
    const given = sources.filter((source) => typeof source !== "string");
    for (const tool of functionTools(given)) yield toolSourceRecord(tool, "functions");
    for (const source of sources.filter((place) => typeof place === "string")) {
      const read = await readTools(source, {
        offline,
        ...(signal ? { signal } : {}),
        ...(onNotice ? { onNotice } : {}),
      });
      for (const tool of read) yield toolSourceRecord(tool, source);
    }
  },
  present: (found) =>
    found.map(({ id, score, value }): ToolPiece => {
      const tool = parseTool(value);
      return { id, score, name: tool.name, schema: toolSchema(tool) };
    }),
};
