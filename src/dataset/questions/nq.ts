/**
 * Natural Questions, open-domain: DPR's table (facebookresearch/DPR, `dpr/data/retriever_data.py`, class `CsvQASrc`: no heading,
 * question, tab, a list of answers that Python evaluates), or the bundle's `SPLIT.json` with the fields that LLM-Embedder's
 * `evaluation/eval_qa.py` takes (`query`, `query_id`, `answers`).
 */

import { RetrieveError } from "../../std/index.ts";
import { fileIn } from "../convert/place.ts";
import { isThere } from "../convert/texts.ts";
import { readCsv } from "../csv.ts";
import { parsePythonTexts } from "../python-list.ts";
import { readBundleQuestions } from "./bundle-questions.ts";
import type { AnsweredQuestion } from "./question.ts";

/**
 * The questions of a file, or of the split of a folder: `SPLIT.json`, or `nq-SPLIT` with `.qas.csv`, `.qa.csv` (DPR's address) or
 * `.csv` (what its download script writes). Rows of the table are numbered from 0.
 *
 * Throws `not_found`, and `invalid_data` naming file and line for a malformed line or an id that comes twice.
 */
export async function readNq(
  place: string,
  { split }: { readonly split: string },
): Promise<AnsweredQuestion[]> {
  const tables = [".qas.csv", ".qa.csv", ".csv"].map((ending) => `nq-${split}${ending}`);
  const path = await fileIn(place, [`${split}.json`, ...tables]);
  const isTable = path.endsWith(".csv") || path.endsWith(".tsv");
  return isTable ? await readTable(path) : await readBundleQuestions(path, { answers: "answers" });
}

async function readTable(path: string): Promise<AnsweredQuestion[]> {
  const questions: AnsweredQuestion[] = [];
  for await (const { cells, place } of readCsv(path, "\t")) {
    const [question, answers] = cells;
    if (!isThere(question) || answers === undefined) {
      throw new RetrieveError(
        "invalid_data",
        `${place}: got "${cells.join(" ").slice(0, 60)}"; wanted a question, a tab and a list of answers`,
      );
    }
    const texts = parsePythonTexts(answers, place).filter(isThere);
    questions.push({ id: String(questions.length), question, answers: texts });
  }
  return questions;
}
