/**
 * PopQA (Mallen et al. 2023): the owners' table (AlexTMallen/adaptive-retrieval, README and `data/popQA.tsv`: a heading, tabs,
 * lists of texts as JSON), or the bundle's `SPLIT.json` with the fields that LLM-Embedder's `evaluation/eval_popqa.py` takes
 * (`query`, `query_id`, `prop_id`, `possible_answers`).
 */

import { RetrieveError } from "../../std/index.ts";
import { fileIn } from "../convert/place.ts";
import { isThere } from "../convert/texts.ts";
import { readCsv } from "../csv.ts";
import { createUnique } from "../unique.ts";
import { readBundleQuestions } from "./bundle-questions.ts";
import type { AnsweredQuestion } from "./question.ts";

/**
 * The questions of a file, or of the split of a folder. The owners' table is all of PopQA, one part that stands for `test`.
 * Relations are names (`occupation`) in the table and numbers of Wikidata's properties in the bundle.
 *
 * Throws `not_found`, and `invalid_data` naming file and line for a malformed line or an id that comes twice.
 */
export async function readPopqa(
  place: string,
  { split }: { readonly split: string },
): Promise<AnsweredQuestion[]> {
  const tables = split === "test" ? ["popQA.tsv", "popqa.tsv"] : [];
  const path = await fileIn(place, [`${split}.json`, ...tables]);
  if (path.endsWith(".tsv")) return await readTsv(path);
  return await readBundleQuestions(path, { answers: "possible_answers", relation: "prop_id" });
}

const columns = ["id", "prop", "question", "possible_answers"] as const;

async function readTsv(path: string): Promise<AnsweredQuestion[]> {
  let places: readonly number[] | undefined;
  const questions: AnsweredQuestion[] = [];
  const unique = createUnique("question");
  for await (const { cells, place } of readCsv(path, "\t")) {
    if (places === undefined) {
      places = placesIn(cells, place);
      continue;
    }
    const [id, relation, question, answers] = places.map((at) => cells[at]);
    if (!isThere(id) || !isThere(question) || relation === undefined || answers === undefined) {
      throw new RetrieveError(
        "invalid_data",
        `${place}: got ${cells.length} cells; wanted those of the heading, ${columns.join(", ")} among them`,
      );
    }
    questions.push({ id: unique(id, place), question, relation, answers: jsonTexts(answers, place) });
  }
  return questions;
}

function placesIn(heading: readonly string[], place: string): number[] {
  const missing = columns.filter((name) => !heading.includes(name));
  if (missing.length === 0) return columns.map((name) => heading.indexOf(name));
  throw new RetrieveError("invalid_data", `${place}: the heading has no ${missing.join(", ")}`);
}

function jsonTexts(cell: string, place: string): string[] {
  try {
    const list: unknown = JSON.parse(cell);
    if (Array.isArray(list)) return list.map(String).filter(isThere);
  } catch {
    // Told below, as any other value is.
  }
  throw new RetrieveError(
    "invalid_data",
    `${place}: possible_answers is ${cell.slice(0, 60)}; wanted a list of texts as JSON`,
  );
}
