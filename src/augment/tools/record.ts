/** A tool in the two forms others read: the schema for a chat API, the record for a collection. */

import { createHash } from "node:crypto";
import type { SourceRecord } from "../../retrieve/index.ts";
import { toolDocumentText } from "./document-text.ts";
import type { JsonObject } from "./json.ts";
import type { Tool } from "./tool.ts";

/** The schema of a tool in the form of chat APIs (OpenAI's `tools` field). */
export function toolSchema(tool: Tool): {
  readonly type: "function";
  readonly function: { readonly name: string; readonly description: string; readonly parameters: JsonObject };
} {
  const { name, description, parameters } = tool;
  return { type: "function", function: { name, description, parameters } };
}

/** A tool as a record of a collection: {@link toolDocumentText} is the key, the tool itself the value. */
export function toolSourceRecord(tool: Tool, origin: string): SourceRecord {
  const text = toolDocumentText(tool);
  const hash = createHash("sha256")
    .update(JSON.stringify([text, tool]))
    .digest("hex");
  const metadata = {
    name: tool.name,
    server: tool.server,
    category: tool.category,
    execution: tool.execution.type,
  };
  return {
    id: tool.id,
    hash,
    origin,
    documents: [{ id: tool.id, text, value: tool, source: tool.source, metadata }],
  };
}
