/** ToolBench's retrieval data (OpenBMB/ToolBench, `preprocess/preprocess_retriever_data.py`): an instruction, and the APIs for it. */

import { join } from "node:path";
import { RetrieveError } from "../../std/index.ts";
import { objectOf } from "../fields.ts";
import type { Converter } from "./converter.ts";
import { negativesFrom } from "./negatives.ts";
import { rowOr } from "./texts.ts";
import { readTable } from "./tsv.ts";

/**
 * A folder with `corpus.tsv` (docid, document_content as JSON), `SPLIT.query.txt` (qid, query) and `qrels.SPLIT.tsv` (qid, 0, docid, 1).
 * The text of an API is that of LLM-Embedder: category, tool, API, description, parameters and schema, with commas. Memory: the
 * corpus, 16,000 APIs.
 */
export const convertToolbench: Converter = async function* (source, options) {
  const { split = "train", task = "tool", seed = 0 } = options;
  const texts = new Map<string, string>();
  for await (const { cells, place } of readTable(join(source, "corpus.tsv"))) {
    const [id = "", content = ""] = cells;
    if (id !== "docid") texts.set(id, documentOf(content, place));
  }
  const relevant = new Map<string, string[]>();
  for await (const { cells } of readTable(join(source, `qrels.${split}.tsv`))) {
    const [query = "", , document = "", gain = "1"] = cells;
    if (Number(gain) > 0) relevant.set(query, [...(relevant.get(query) ?? []), document]);
  }
  const pool = [...texts.values()];
  const choose = negativesFrom(pool, options.negatives ?? { method: "none", count: 0 }, seed);
  const seen = new Set<string>();
  for await (const { cells } of readTable(join(source, `${split}.query.txt`))) {
    const [queryId = "", text = ""] = cells;
    // The file has a line for each relevant API.
    if (seen.has(queryId)) continue;
    seen.add(queryId);
    const query = unquoted(text);
    const pos = (relevant.get(queryId) ?? []).flatMap((id) => texts.get(id) ?? []);
    if (pos.length === 0) yield { dropped: "no API of the corpus is relevant" };
    else {
      const neg = choose(query, seen.size - 1, pos).map((place) => pool[place] ?? "");
      yield rowOr({ query, pos: [...new Set(pos)], neg, task, queryId });
    }
  }
};

function documentOf(content: string, place: string): string {
  const fields = objectOf(parsed(content, place), place);
  const text = (name: string): string => (typeof fields[name] === "string" ? fields[name] : "");
  const list = (name: string): string => JSON.stringify(fields[name] ?? []);
  return [
    text("category_name"),
    text("tool_name"),
    text("api_name"),
    text("api_description"),
    `required_params: ${list("required_parameters")}`,
    `optional_params: ${list("optional_parameters")}`,
    `return_schema: ${JSON.stringify(fields["template_response"] ?? {})}`,
  ].join(", ");
}

/** A cell as pandas writes it: in quotes where it holds one. */
function unquoted(cell: string): string {
  return /^".*"$/s.test(cell) ? cell.slice(1, -1).replaceAll('""', '"') : cell;
}

function parsed(content: string, place: string): unknown {
  const text = unquoted(content);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RetrieveError("invalid_data", `${place}: document_content is no JSON: ${text.slice(0, 60)}`, {
      cause,
    });
  }
}
