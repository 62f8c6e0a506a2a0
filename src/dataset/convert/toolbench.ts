/** ToolBench's retrieval data as rows: an instruction, and the APIs for it. */

import { readToolbench } from "../toolbench.ts";
import type { Converter } from "./converter.ts";
import { negativesFrom } from "./negatives.ts";
import { rowOr } from "./texts.ts";

/** A folder as {@link readToolbench} takes it. */
export const convertToolbench: Converter = async function* (source, options) {
  const { split = "train", task = "tool", seed = 0, onNotice } = options;
  const given = { split, ...(onNotice && { onNotice }) };
  const { corpus, queries, qrels, leftOut } = await readToolbench(source, given);
  const texts = new Map(corpus.map(({ id, text }) => [id, text]));
  const pool = [...texts.values()];
  const choose = negativesFrom(pool, options.negatives ?? { method: "none", count: 0 }, seed);
  for (let count = 0; count < leftOut.withoutGold; count++) yield { dropped: "no API is relevant" };
  for (const [at, { id: queryId, text: query }] of queries.entries()) {
    const relevant = [...(qrels.get(queryId) ?? [])].filter(([, gain]) => gain >= 1);
    const pos = relevant.flatMap(([id]) => texts.get(id) ?? []);
    if (pos.length === 0) yield { dropped: "no API of the corpus is relevant" };
    else {
      const neg = choose(query, at, pos).map((place) => pool[place] ?? "");
      yield rowOr({ query, pos: [...new Set(pos)], neg, task, queryId });
    }
  }
};
