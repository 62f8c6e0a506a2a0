/** QReCC (apple/ml-qrecc; passages and truth as in SCAI-QReCC 2021): questions that only their conversation makes clear. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { diskError, type JsonLine, readJsonLines } from "../std/index.ts";
import { fileIn, isFile, readItems } from "./convert/place.ts";
import { isThere } from "./convert/texts.ts";
import { listField, objectOf, textField } from "./fields.ts";
import { createUnique } from "./unique.ts";

export interface QreccQuestion {
  readonly id: string;
  /** Earlier turns, oldest first: questions and answers in turn. */
  readonly history: readonly string[];
  readonly question: string;
  readonly answer: string;
  /** Ids of the passages that answer it; none for half of the set. */
  readonly relevant: readonly string[];
}

/**
 * The questions of a split: the owners' `qrecc_SPLIT.json` (README of apple/ml-qrecc: one JSON array of `Conversation_no`,
 * `Turn_no`, `Context`, `Question`, `Rewrite`, `Answer`), which names no passages, or `scai-qrecc21-…`, which does
 * (`Truth_passages`, and `Truth_answer`).
 *
 * Throws `not_found`; `invalid_data` naming file and item for a malformed one or a turn that comes twice.
 */
export async function* readQrecc(folder: string, split: string): AsyncGenerator<QreccQuestion> {
  const long = split === "train" ? "training" : split;
  const names = [`qrecc_${split}.json`, `scai-qrecc21-${long}-turns.json`, `${split}.json`];
  const path = await fileIn(folder, names);
  const unique = createUnique("turn");
  for await (const { value, place } of readItems(path)) {
    const fields = objectOf(value, place);
    const id = `${textField(fields, "Conversation_no", place)}_${textField(fields, "Turn_no", place)}`;
    yield {
      id: unique(id, place),
      history: listField(fields, "Context", place).map(String).filter(isThere),
      question: textField(fields, "Question", place),
      answer: textField(fields, "Truth_answer" in fields ? "Truth_answer" : "Answer", place, ""),
      relevant: listField(fields, "Truth_passages", place).map(String),
    };
  }
}

/** `passages.jsonl`, or a folder `passages` of such files (`{id, contents}`). The real ones are 54 million. */
export async function* readQreccPassages(
  folder: string,
): AsyncGenerator<{ readonly id: string; readonly text: string }> {
  for await (const { value, place } of readCorpus(folder)) {
    const fields = objectOf(value, place);
    const text = textField(fields, "contents" in fields ? "contents" : "text", place, "");
    yield { id: textField(fields, "id", place), text };
  }
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
