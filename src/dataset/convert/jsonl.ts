/** Any file of objects whose fields have one of the usual names. */

import { RetrieveError } from "../../std/index.ts";
import { listField, objectOf } from "../fields.ts";
import type { Converter } from "./converter.ts";
import { negativesFrom } from "./negatives.ts";
import { fileIn, readItems } from "./place.ts";
import { rowOr, textsIn } from "./texts.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Names that data sets give to the parts of a row, the first that is there counts. */
const names = {
  query: ["query", "question", "anchor", "instruction", "sentence1", "prompt", "input"],
  pos: [
    "pos",
    "positive",
    "positives",
    "positive_passages",
    "document",
    "passage",
    "context",
    "sentence2",
    "text",
  ],
  neg: ["neg", "negative", "negatives", "negative_passages", "hard_negatives"],
  answers: ["answers", "answer", "output", "response", "completion"],
  id: ["query_id", "qid", "id", "_id"],
};

/**
 * JSON Lines or one JSON array. A field may be a text, an object with `text` and perhaps `title`, or a list of these. Which fields
 * were taken is told. Default task: `qa`. Rows with a query and nothing to find are dropped; `--negatives` draws from the other
 * rows' positives. Memory: the positives, where negatives are asked for.
 */
export const convertJsonl: Converter = async function* (source, options) {
  const {
    split = "train",
    task = "qa",
    seed = 0,
    onNotice,
    negatives = { method: "none", count: 0 },
  } = options;
  const path = await fileIn(source, [`${split}.jsonl`, `${split}.json`]);
  const pool: string[] = [];
  if (negatives.method !== "none") {
    for await (const { value, place } of readItems(path))
      pool.push(...partsOf(objectOf(value, place), place).pos);
  }
  const choose = negativesFrom(textsIn(pool), negatives, seed);
  const choices = textsIn(pool);
  let number = 0;
  for await (const { value, place } of readItems(path)) {
    const { query, pos, neg, answers, id, taken } = partsOf(objectOf(value, place), place);
    if (number === 0) onNotice?.(`${path}: takes ${taken}`);
    const added = choose(query, number++, pos).map((at) => choices[at] ?? "");
    yield rowOr({
      ...{ query, pos, task },
      neg: textsIn([...neg, ...added]).filter((text) => !pos.includes(text)),
      ...(answers.length > 0 && { answers }),
      ...(id !== undefined && { queryId: id }),
    });
  }
};

function partsOf(fields: Fields, place: string) {
  const nameOf = (part: keyof typeof names): string | undefined =>
    names[part].find((name) => fields[name] != null);
  const found = {
    query: nameOf("query"),
    pos: nameOf("pos"),
    neg: nameOf("neg"),
    answers: nameOf("answers"),
  };
  if (found.query === undefined) {
    throw new RetrieveError(
      "invalid_data",
      `${place}: no query in ${Object.keys(fields).join(", ")}; wanted one of ${names.query.join(", ")}`,
    );
  }
  const texts = (name: string | undefined): string[] =>
    name === undefined ? [] : textsIn(valuesOf(fields, name, place));
  const id = fields[nameOf("id") ?? ""];
  const taken = Object.entries(found).flatMap(([part, name]) =>
    name === undefined ? [] : `${part} from "${name}"`,
  );
  return {
    query: texts(found.query)[0] ?? "",
    pos: texts(found.pos),
    neg: texts(found.neg),
    answers: texts(found.answers),
    id: typeof id === "string" || typeof id === "number" ? id : undefined,
    taken: taken.join(", "),
  };
}

function valuesOf(fields: Fields, name: string, place: string): string[] {
  const values = Array.isArray(fields[name]) ? listField(fields, name, place) : [fields[name]];
  return values.map((value) => {
    if (typeof value === "string" || typeof value === "number") return String(value);
    const { title, text } = objectOf(value, `${place}, "${name}"`);
    return [title, text].filter((part) => typeof part === "string").join(" ");
  });
}
