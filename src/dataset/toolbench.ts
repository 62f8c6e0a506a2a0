/**
 * ToolBench's retrieval data (OpenBMB/ToolBench, written by `preprocess/preprocess_retriever_data.py`, read by
 * `toolbench/retrieval/train.py`): instructions, and APIs for each.
 */

import { join } from "node:path";
import { messageOf, RetrieveError } from "../std/index.ts";
import {
  type Benchmark,
  type BenchmarkQuery,
  type CorpusDocument,
  joinBenchmark,
  type ReadBenchmarkOptions,
} from "./beir.ts";
import { readCsv } from "./csv.ts";
import { objectOf } from "./fields.ts";
import { pythonFields } from "./python-json.ts";

/**
 * One split, default `test`, of a folder with `corpus.tsv` (a heading, then docid and document_content as JSON),
 * `SPLIT.query.txt` (qid, query) and `qrels.SPLIT.tsv` (qid, 0, docid, 1). An API stands in the corpus once for each instruction
 * that it was shown with, and an instruction in its file once for each relevant API; here both come once. Memory: the corpus,
 * 16,000 APIs.
 *
 * Throws `not_found` for a missing file or split; `invalid_data` naming file and line for a malformed line, or an instruction
 * that comes again in other words.
 */
export async function readToolbench(folder: string, options: ReadBenchmarkOptions = {}): Promise<Benchmark> {
  const { split = "test" } = options;
  const files = {
    corpus: join(folder, "corpus.tsv"),
    queries: join(folder, `${split}.query.txt`),
    qrels: join(folder, `qrels.${split}.tsv`),
  };
  const queries = await readQueries(files.queries);
  const judgements = await readJudgements(files.qrels);
  for (const { id } of queries) if (!judgements.has(id)) judgements.set(id, new Map());
  const corpus = await readCorpus(files.corpus);
  return joinBenchmark({ folder, split, corpus, queries, judgements }, options, files);
}

async function readQueries(path: string): Promise<BenchmarkQuery[]> {
  const queries = new Map<string, BenchmarkQuery>();
  for await (const { cells, place } of readCsv(path, "\t")) {
    const [id = "", text] = cells;
    if (text === undefined) throw malformed(place, cells, "qid and query");
    const before = queries.get(id);
    if (before !== undefined && before.text !== text) {
      throw new RetrieveError("invalid_data", `${place}: query "${id}" comes again with another text`);
    }
    queries.set(id, { id, text, history: [] });
  }
  return [...queries.values()];
}

async function readJudgements(path: string): Promise<Map<string, Map<string, number>>> {
  const judgements = new Map<string, Map<string, number>>();
  for await (const { cells, place } of readCsv(path, "\t")) {
    const [query = "", , document = "", gain = ""] = cells;
    if (document === "" || !/^-?\d+$/.test(gain))
      throw malformed(place, cells, "qid, 0, docid and a whole number");
    const judged = judgements.get(query) ?? new Map<string, number>();
    judgements.set(query, judged.set(document, Number(gain)));
  }
  return judgements;
}

async function readCorpus(path: string): Promise<CorpusDocument[]> {
  const texts = new Map<string, string>();
  for await (const { cells, place } of readCsv(path, "\t")) {
    const [id = "", content] = cells;
    if (id === "docid" || texts.has(id)) continue;
    if (content === undefined) throw malformed(place, cells, "docid and document_content");
    texts.set(id, documentOf(content, place));
  }
  return [...texts].map(([id, text]) => ({ id, text }));
}

function malformed(place: string, cells: readonly string[], wanted: string): RetrieveError {
  const got = cells.join(" ").slice(0, 60);
  return new RetrieveError("invalid_data", `${place}: got "${got}"; wanted ${wanted} with tabs between`);
}

/**
 * An API as text: category, tool, API, description, parameters and schema, with commas, JSON as Python prints it; what is absent is
 * an empty text (OpenBMB/ToolBench, `toolbench/utils.py`). The corpus of LLM-Embedder has the same texts, and its weights are
 * trained on them.
 */
function documentOf(content: string, place: string): string {
  const fields = objectOf(parsed(content, place), place);
  const printed = pythonFields(content);
  const text = (name: string): string => (typeof fields[name] === "string" ? fields[name] : "");
  const json = (name: string): string => printed.get(name) ?? '""';
  return [
    text("category_name"),
    text("tool_name"),
    text("api_name"),
    text("api_description"),
    `required_params: ${json("required_parameters")}`,
    `optional_params: ${json("optional_parameters")}`,
    `return_schema: ${json("template_response")}`,
  ].join(", ");
}

function parsed(content: string, place: string): unknown {
  try {
    return JSON.parse(content);
  } catch (cause) {
    const message = `${place}: document_content is no JSON (${messageOf(cause)}): ${content.slice(0, 60)}`;
    throw new RetrieveError("invalid_data", message, { cause });
  }
}
