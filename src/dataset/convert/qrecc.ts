/** QReCC (apple/ml-qrecc; passages and truth as in SCAI-QReCC 2021): a question that only its conversation makes clear. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { diskError, type JsonLine, readJsonLines } from "../../std/index.ts";
import { listField, objectOf, textField } from "../fields.ts";
import type { Converter } from "./converter.ts";
import { fileIn, isFile, readItems } from "./place.ts";
import { isThere, rowOr, textsIn } from "./texts.ts";

/**
 * A folder with `qrecc_SPLIT.json` or `scai-qrecc21-…` (one JSON array: `Context`, `Question`, `Truth_answer` or `Answer`,
 * `Truth_passages`) and `passages.jsonl`, or a folder `passages` of such files (`{id, contents}`). The query is all turns and the question, joined by spaces, as in LLM-Embedder. The 54 million passages are
 * passed over once and only the true ones kept. Questions without a true passage, half of the set, are dropped.
 */
export const convertQrecc: Converter = async function* (source, { split = "train", task = "convsearch" }) {
  const long = split === "train" ? "training" : split;
  const names = [`qrecc_${split}.json`, `scai-qrecc21-${long}-turns.json`, `${split}.json`];
  const path = await fileIn(source, names);
  const passages = await truePassages(path, source);
  for await (const { value, place } of readItems(path)) {
    const fields = objectOf(value, place);
    const truth = listField(fields, "Truth_passages", place).map(String);
    const pos = textsIn(truth.map((id) => passages.get(id) ?? ""));
    const turns = [
      ...listField(fields, "Context", place).map(String),
      textField(fields, "Question", place, ""),
    ];
    const answer = textField(fields, "Truth_answer" in fields ? "Truth_answer" : "Answer", place, "");
    if (truth.length === 0) yield { dropped: "no true passage" };
    else if (pos.length === 0) yield { dropped: "true passage not among the passages" };
    else {
      const queryId = `${textField(fields, "Conversation_no", place, "")}_${textField(fields, "Turn_no", place, "")}`;
      const query = turns.filter(isThere).join(" ");
      yield rowOr({ query, pos, neg: [], task, queryId, ...(isThere(answer) && { answers: [answer] }) });
    }
  }
};

/** Texts of the passages that some question names. */
async function truePassages(questions: string, source: string): Promise<Map<string, string>> {
  const wanted = new Set<string>();
  for await (const { value, place } of readItems(questions)) {
    for (const id of listField(objectOf(value, place), "Truth_passages", place)) wanted.add(String(id));
  }
  const passages = new Map<string, string>();
  for await (const { value, place } of readCorpus(source)) {
    const fields = objectOf(value, place);
    const id = textField(fields, "id", place);
    if (wanted.has(id))
      passages.set(id, textField(fields, "contents" in fields ? "contents" : "text", place, ""));
  }
  return passages;
}

async function* readCorpus(source: string): AsyncGenerator<JsonLine> {
  const single = join(source, "passages.jsonl");
  if (await isFile(single)) return yield* readJsonLines(single);
  const folder = join(source, "passages");
  const names = await readdir(folder, { recursive: true }).catch((error: unknown) => {
    throw diskError(error, folder);
  });
  for (const name of names.toSorted()) if (name.endsWith(".jsonl")) yield* readJsonLines(join(folder, name));
}
