/** Tools read back from the index that keeps them. */

import { RetrieveError } from "../std/index.ts";
import type { JsonValue } from "../store/index.ts";
import type { Tool } from "./tools/index.ts";

/** The tool that a document's value is. Throws `invalid_data` for what no version of `add` wrote. */
export function toolOf(value: JsonValue, id: string): Tool {
  if (isTool(value)) return value;
  throw new RetrieveError(
    "invalid_data",
    `${id}: the stored value is not a tool; delete it and add its source again`,
  );
}

function isTool(value: unknown): value is Tool {
  if (typeof value !== "object" || value === null) return false;
  return "name" in value && "server" in value && "parameters" in value && "execution" in value;
}
