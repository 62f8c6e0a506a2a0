/** Retrieved tools as a model is offered them: each under a name of its own. */

import type { ToolSchema } from "../../llm/index.ts";
import type { Augmented } from "../compose/prompt.ts";
import { isJsonObject } from "../tools/json.ts";
import { uniqueNames } from "../tools/naming.ts";

export interface OfferedTool {
  /** Of the tool in the index. */
  readonly id: string;
  /** Its name is unique among those offered: of two servers' `search`, the second is `search_2`. */
  readonly schema: ToolSchema;
}

/** The tools that were chosen for a prompt, most relevant first. */
export function offerTools({ items, tools }: Pick<Augmented, "items" | "tools">): readonly OfferedTool[] {
  const unique = uniqueNames();
  const ids = items.filter(({ kind }) => kind === "tools").map(({ id }) => id);
  return tools.flatMap((tool, at): OfferedTool[] => {
    const id = ids[at];
    const described = isJsonObject(tool) ? tool["function"] : undefined;
    if (id === undefined || !isJsonObject(described)) return [];
    const { name, description, parameters } = described;
    if (typeof name !== "string" || !isJsonObject(parameters)) return [];
    return [
      {
        id,
        schema: {
          name: unique(name),
          ...(typeof description === "string" && description !== "" ? { description } : {}),
          parameters,
        },
      },
    ];
  });
}
