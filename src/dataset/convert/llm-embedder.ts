/**
 * The data bundle of LLM-Embedder (FlagOpen/FlagEmbedding, research/llm_embedder): `{qa/{msmarco,nq,mmlu,popqa}, convsearch/qrecc,
 * chat/msc, lrlm/{books3,arxiv,codeparrot,pg19}, icl/icl, tool/toolbench}/{train,dev,test,corpus}.json`, JSON Lines by another
 * name. One set at a time: its folder, or a file.
 */

import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RetrieveError, readJsonLines } from "../../std/index.ts";
import { bundleText } from "../bundle.ts";
import { listField, objectOf } from "../fields.ts";
import { parseRow } from "../row.ts";
import type { Converted, Converter } from "./converter.ts";
import { fileIn, isFile } from "./place.ts";
import { isThere } from "./texts.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Rows as they are, with the oddities of single sets made even: `qid` for `query_id`; scores of icl's candidates once more in
 * `pos_scores` and `neg_score`; blank candidates, with their scores. Rows of dev and test parts, which name their positives by
 * `pos_index` alone, get the texts from `corpus.json` beside them. Memory: those texts.
 */
export const convertLlmEmbedder: Converter = async function* (source, options) {
  const { split = "train" } = options;
  const path = await fileIn(source, [`${split}.json`, `${split}.jsonl`]).catch(async (error: unknown) => {
    throw await withSets(error, source);
  });
  const passages = await passagesOf(path);
  for await (const { value, place } of readJsonLines(path)) {
    yield converted(objectOf(value, place), place, passages, options.task ?? taskOf(path));
  }
};

/** Names the sets where the bundle itself was given. */
async function withSets(error: unknown, source: string): Promise<unknown> {
  if (!RetrieveError.isInstance(error)) return error;
  const sets: string[] = [];
  for (const task of Object.keys(tasks)) {
    for (const set of await readdir(join(source, task)).catch(() => [])) sets.push(`${task}/${set}`);
  }
  if (sets.length === 0) return error;
  return new RetrieveError("invalid_argument", `${source}: holds many sets; name one of ${sets.join(", ")}`);
}

const tasks: Readonly<Record<string, true>> = {
  qa: true,
  convsearch: true,
  chat: true,
  lrlm: true,
  icl: true,
  tool: true,
};

/** Rows that name none have it in their path: `TASK/SET/train.json`, or `TASK.json` of the toy set. */
function taskOf(path: string): string | undefined {
  const names = [basename(path).replace(/\.jsonl?$/, ""), basename(dirname(dirname(path)))];
  return names.find((name) => Object.hasOwn(tasks, name));
}

function converted(
  fields: Fields,
  place: string,
  passages: ReadonlyMap<number, string>,
  task: string | undefined,
): Converted {
  const { qid, pos_scores: _pos, neg_score: _neg, key: _key, key_index: _index, ...others } = fields;
  const own: Fields = {
    ...(task !== undefined && { task }),
    ...others,
    ...(qid !== undefined && others["query_id"] === undefined && { query_id: qid }),
  };
  if (typeof own["query"] !== "string" || !isThere(own["query"])) return { dropped: "no query" };
  const found = withPassages(own, place, passages);
  const even = withoutBlanks(found, place);
  const candidates = ["pos", "neg", "history"].flatMap((name) => listField(even, name, place));
  if (candidates.length === 0) return { dropped: "no candidates" };
  return { row: parseRow(even, place) };
}

/** Positives that only have a number get their text. */
function withPassages(fields: Fields, place: string, passages: ReadonlyMap<number, string>): Fields {
  const hasTexts = ["pos", "neg", "history"].some((name) => listField(fields, name, place).length > 0);
  const indexes = listField(fields, "pos_index", place).map(Number);
  if (hasTexts || passages.size === 0) return fields;
  const there = indexes.filter((index) => passages.has(index));
  return { ...fields, pos: there.map((index) => passages.get(index)), pos_index: there };
}

/** Candidates without the blank ones; lists that are aligned to them lose the same places. */
function withoutBlanks(fields: Fields, place: string): Fields {
  const kept = (name: string): boolean[] =>
    listField(fields, name, place).map((text) => typeof text !== "string" || isThere(text));
  const [pos, neg, history] = [kept("pos"), kept("neg"), kept("history")];
  if (![...pos, ...neg, ...history].includes(false)) return fields;
  const cut = (name: string, keep: readonly boolean[]): Fields => {
    const list = listField(fields, name, place);
    return list.length === keep.length && list.length > 0 ? { [name]: list.filter((_, at) => keep[at]) } : {};
  };
  return {
    ...fields,
    ...cut("pos", pos),
    ...cut("neg", neg),
    ...cut("history", history),
    ...cut("pos_index", pos),
    ...cut("neg_index", neg),
    ...cut("teacher_scores", history.length > 0 ? history : [...pos, ...neg]),
  };
}

/** Texts of the corpus that some row without texts names; a number is a line, from 0. */
async function passagesOf(path: string): Promise<ReadonlyMap<number, string>> {
  const corpus = join(dirname(path), "corpus.json");
  const passages = new Map<number, string>();
  if (!(await isFile(corpus))) return passages;
  const wanted = new Set<number>();
  for await (const { value, place } of readJsonLines(path)) {
    const fields = objectOf(value, place);
    if (listField(fields, "pos", place).length > 0) continue;
    for (const index of listField(fields, "pos_index", place)) wanted.add(Number(index));
  }
  if (wanted.size === 0) return passages;
  let line = 0;
  for await (const { value, place } of readJsonLines(corpus)) {
    if (wanted.has(line)) passages.set(line, bundleText(objectOf(value, place)));
    line++;
  }
  return passages;
}
