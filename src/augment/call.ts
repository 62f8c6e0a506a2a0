/** Runs one indexed tool, if the host allowed it. */

import { RetrieveError } from "../std/index.ts";
import type { Filter, JsonValue } from "../store/index.ts";
import type { CallOptions, CallReport } from "./index-types.ts";
import type { Session } from "./session.ts";
import { callTool, parseTool, type Tool } from "./tools/index.ts";

/** Finds a tool by id, or by a name that only one has, and runs it. */
export async function callIndexed(
  session: Session,
  name: string,
  args: JsonValue,
  options: CallOptions,
): Promise<CallReport> {
  const tool = await findTool(session, name);
  return { tool: tool.id, ...(await callTool(tool, args, options)) };
}

async function findTool({ folder }: Session, name: string): Promise<Tool> {
  const collection = await folder.collection("tools");
  if (collection === undefined) {
    throw new RetrieveError(
      "not_found",
      `${name}: the index at ${folder.path} holds no tools; add some first`,
    );
  }
  const [exact] = await collection.get([name]);
  if (exact !== undefined) return parseTool(exact.value);
  const filter: Filter = { field: "name", op: "=", value: name };
  const named: Tool[] = [];
  for await (const { value } of collection.iterate({ filter })) named.push(parseTool(value));
  const [tool, ...others] = named;
  if (tool !== undefined && others.length === 0) return tool;
  const message =
    tool === undefined
      ? `${name}: no tool of this name or id in the index; a search of kind tools shows what there is`
      : `${name}: ${named.length} tools have this name; wanted one of the ids ${named.map(({ id }) => id).join(", ")}`;
  throw new RetrieveError(tool === undefined ? "not_found" : "invalid_argument", message);
}
