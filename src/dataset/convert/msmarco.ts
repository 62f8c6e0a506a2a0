/** MS MARCO passage ranking (microsoft/MSMARCO-Passage-Ranking): eight million passages, half a million judged questions. */

import { join } from "node:path";
import { RetrieveError } from "../../std/index.ts";
import type { Converter } from "./converter.ts";
import { rowOr } from "./texts.ts";
import { readTable } from "./tsv.ts";

/**
 * A folder with `collection.tsv` (pid, passage), `queries.SPLIT.tsv` (qid, query) and `qrels.SPLIT.tsv` (qid, 0, pid, 1). The
 * collection is passed over once and only judged passages are kept in memory, so negatives are for `retrieve mine`. Questions
 * without a judged passage, 38 % of the train part, are dropped. The data have no answers.
 */
export const convertMsmarco: Converter = async function* (source, options) {
  const { split = "train", task = "qa", negatives } = options;
  if (negatives !== undefined && negatives.method !== "none") {
    throw new RetrieveError(
      "invalid_argument",
      "msmarco: negatives out of 8.8 million passages are not made here; run retrieve mine on the rows, with a corpus",
    );
  }
  const relevant = await relevantOf(join(source, `qrels.${split}.tsv`));
  const passages = await passagesOf(join(source, "collection.tsv"), new Set([...relevant.values()].flat()));
  for await (const { cells } of readTable(join(source, `queries.${split}.tsv`))) {
    const [queryId = "", query = ""] = cells;
    const pos = (relevant.get(queryId) ?? []).flatMap((id) => passages.get(id) || []);
    if (!relevant.has(queryId)) yield { dropped: "no judged passage" };
    else if (pos.length === 0) yield { dropped: "judged passage not in the collection" };
    else yield rowOr({ query, pos, neg: [], task, queryId });
  }
};

async function relevantOf(path: string): Promise<Map<string, string[]>> {
  const relevant = new Map<string, string[]>();
  for await (const { cells } of readTable(path)) {
    const [query = "", , passage = "", gain = "1"] = cells;
    if (Number(gain) >= 1) relevant.set(query, [...(relevant.get(query) ?? []), passage]);
  }
  return relevant;
}

async function passagesOf(path: string, wanted: ReadonlySet<string>): Promise<Map<string, string>> {
  const passages = new Map<string, string>();
  for await (const { cells } of readTable(path)) {
    const [id = "", text = ""] = cells;
    if (wanted.has(id)) passages.set(id, text);
  }
  return passages;
}
