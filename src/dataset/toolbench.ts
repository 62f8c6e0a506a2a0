/** ToolBench's retrieval data (OpenBMB/ToolBench, `preprocess/preprocess_retriever_data.py`): instructions, and APIs for each. */

import { join } from "node:path";
import { RetrieveError } from "../std/index.ts";
import { readTable } from "./convert/tsv.ts";
import { objectOf } from "./fields.ts";

export interface ToolbenchData {
  /** The text of each API by its id. */
  readonly texts: ReadonlyMap<string, string>;
  /** In the order of the file; the relevant APIs may lack in `texts`. */
  readonly queries: readonly {
    readonly id: string;
    readonly text: string;
    readonly relevant: readonly string[];
  }[];
}

/**
 * A folder with `corpus.tsv` (docid, document_content as JSON), `SPLIT.query.txt` (qid, query) and `qrels.SPLIT.tsv` (qid, 0, docid, 1).
 * The text of an API is that of LLM-Embedder: category, tool, API, description, parameters and schema, with commas. Memory: the
 * corpus, 16,000 APIs.
 */
export async function readToolbench(folder: string, split: string): Promise<ToolbenchData> {
  const texts = new Map<string, string>();
  for await (const { cells, place } of readTable(join(folder, "corpus.tsv"))) {
    const [id = "", content = ""] = cells;
    if (id !== "docid") texts.set(id, documentOf(content, place));
  }
  const relevant = new Map<string, string[]>();
  for await (const { cells } of readTable(join(folder, `qrels.${split}.tsv`))) {
    const [query = "", , document = "", gain = "1"] = cells;
    if (Number(gain) > 0) relevant.set(query, [...(relevant.get(query) ?? []), document]);
  }
  const queries = new Map<string, string>();
  for await (const { cells } of readTable(join(folder, `${split}.query.txt`))) {
    const [id = "", text = ""] = cells;
    // The file has a line for each relevant API.
    if (!queries.has(id)) queries.set(id, unquoted(text));
  }
  return {
    texts,
    queries: [...queries].map(([id, text]) => ({ id, text, relevant: relevant.get(id) ?? [] })),
  };
}

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
