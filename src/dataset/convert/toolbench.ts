/** ToolBench's retrieval data as rows: an instruction, and the APIs for it. */

import { readToolbench } from "../toolbench.ts";
import type { Converter } from "./converter.ts";
import { negativesFrom } from "./negatives.ts";
import { rowOr } from "./texts.ts";

/** A folder as {@link readToolbench} takes it. */
export const convertToolbench: Converter = async function* (source, options) {
  const { split = "train", task = "tool", seed = 0 } = options;
  const { texts, queries } = await readToolbench(source, split);
  const pool = [...texts.values()];
  const choose = negativesFrom(pool, options.negatives ?? { method: "none", count: 0 }, seed);
  for (const [at, { id: queryId, text: query, relevant }] of queries.entries()) {
    const pos = relevant.flatMap((id) => texts.get(id) ?? []);
    if (pos.length === 0) yield { dropped: "no API of the corpus is relevant" };
    else {
      const neg = choose(query, at, pos).map((place) => pool[place] ?? "");
      yield rowOr({ query, pos: [...new Set(pos)], neg, task, queryId });
    }
  }
};
