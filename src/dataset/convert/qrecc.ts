/** QReCC as rows: the conversation as the query, true passages as positives. */

import { readQrecc, readQreccPassages } from "../qrecc.ts";
import type { Converter } from "./converter.ts";
import { isThere, rowOr, textsIn } from "./texts.ts";

/**
 * A folder as {@link readQrecc} and {@link readQreccPassages} take it. The query is all turns and the question, joined by
 * spaces, as in LLM-Embedder. The 54 million passages are passed over once and only the true ones kept. Questions without a
 * true passage, half of the set, are dropped.
 */
export const convertQrecc: Converter = async function* (source, { split = "train", task = "convsearch" }) {
  const passages = await truePassages(source, split);
  for await (const { id: queryId, history, question, answer, relevant } of readQrecc(source, split)) {
    const pos = textsIn(relevant.map((id) => passages.get(id) ?? ""));
    if (relevant.length === 0) yield { dropped: "no true passage" };
    else if (pos.length === 0) yield { dropped: "true passage not among the passages" };
    else {
      const query = [...history, question].filter(isThere).join(" ");
      yield rowOr({ query, pos, neg: [], task, queryId, ...(isThere(answer) && { answers: [answer] }) });
    }
  }
};

/** Texts of the passages that some question names. */
async function truePassages(source: string, split: string): Promise<Map<string, string>> {
  const wanted = new Set<string>();
  for await (const { relevant } of readQrecc(source, split)) for (const id of relevant) wanted.add(id);
  const passages = new Map<string, string>();
  for await (const { id, text } of readQreccPassages(source)) if (wanted.has(id)) passages.set(id, text);
  return passages;
}
