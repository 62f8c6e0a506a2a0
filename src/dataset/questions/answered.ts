/** Questions with written answers: PopQA, and Natural Questions as DPR has them. */

import { RetrieveError } from "../../std/index.ts";
import { readBundleLines, textsField } from "../bundle.ts";
import { fileIn } from "../convert/place.ts";
import { textField } from "../fields.ts";
import { readCsv } from "./csv.ts";
import type { AnsweredQuestion } from "./question.ts";

/**
 * PopQA: the owners' table (AlexTMallen/adaptive-retrieval, `popQA.tsv` with a heading: `id`, `prop`, `question`,
 * `possible_answers` as JSON), or the bundle's `SPLIT.json` (`query`, `prop_id`, `possible_answers`).
 *
 * Throws `not_found`, `invalid_data` for a heading without these names.
 */
export async function readPopqa(
  place: string,
  { split }: { readonly split: string },
): Promise<AnsweredQuestion[]> {
  const path = await fileIn(place, [`${split}.json`, "popQA.tsv", "popqa.tsv"]);
  const questions = path.endsWith(".tsv") ? await popqaTable(path) : await bundleQuestions(path, "prop_id");
  return uniquely(questions, path);
}

async function popqaTable(path: string): Promise<AnsweredQuestion[]> {
  let heading: readonly string[] | undefined;
  const questions: AnsweredQuestion[] = [];
  for await (const cells of readCsv(path, "\t")) {
    if (heading === undefined) {
      heading = cells;
      const missing = ["id", "prop", "question", "possible_answers"].filter((name) => !cells.includes(name));
      if (missing.length > 0) {
        throw new RetrieveError("invalid_data", `${path}: the heading has no ${missing.join(", ")}`);
      }
      continue;
    }
    const fields = Object.fromEntries(heading.map((name, at) => [name, cells[at] ?? ""]));
    questions.push({
      id: fields["id"] ?? "",
      question: fields["question"] ?? "",
      relation: fields["prop"] ?? "",
      answers: textsField(fields, "possible_answers", path),
    });
  }
  return questions;
}

/**
 * Natural Questions: DPR's table (facebookresearch/DPR, `nq-SPLIT.qas.csv` or `nq-SPLIT.csv`: question, tab, a list of
 * answers as Python writes it), or the bundle's `SPLIT.json` (`query`, `answers`).
 */
export async function readNq(
  place: string,
  { split }: { readonly split: string },
): Promise<AnsweredQuestion[]> {
  const names = [`${split}.json`, `nq-${split}.qas.csv`, `nq-${split}.csv`];
  const path = await fileIn(place, names);
  if (!path.endsWith(".csv")) return uniquely(await bundleQuestions(path), path);
  const questions: AnsweredQuestion[] = [];
  for await (const [question = "", answers = ""] of readCsv(path, "\t")) {
    questions.push({ id: String(questions.length), question, answers: pythonTexts(answers, path) });
  }
  return questions;
}

async function bundleQuestions(path: string, relation?: string): Promise<AnsweredQuestion[]> {
  const questions: AnsweredQuestion[] = [];
  for await (const { fields, place } of readBundleLines(path)) {
    const answers = ["answers", "possible_answers"].flatMap((name) => textsField(fields, name, place));
    const own = relation === undefined ? undefined : fields[relation];
    questions.push({
      ...{
        id: String(fields["query_id"] ?? questions.length),
        question: textField(fields, "query", place),
        answers,
      },
      ...(own !== undefined && { relation: String(own) }),
    });
  }
  return questions;
}

/** The texts of a list as Python prints it: `['a', "it's"]`. Nothing is run. */
function pythonTexts(list: string, path: string): string[] {
  const isList = /^\s*\[.*\]\s*$/s.test(list);
  if (!isList) {
    throw new RetrieveError(
      "invalid_data",
      `${path}: answers are ${list.slice(0, 60)}; wanted a list in brackets`,
    );
  }
  const texts = list.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/gs);
  return [...texts]
    .map(([, single, double]) => (single ?? double ?? "").replace(/\\(['"\\])/g, "$1"))
    .filter((text) => text.trim() !== "");
}

function uniquely(questions: AnsweredQuestion[], path: string): AnsweredQuestion[] {
  const seen = new Set<string>();
  for (const { id } of questions) {
    if (seen.has(id)) throw new RetrieveError("invalid_data", `${path}: question id ${id} comes twice`);
    seen.add(id);
  }
  return questions;
}
