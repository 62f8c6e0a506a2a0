/**
 * MMLU (Hendrycks et al. 2021): the owners' folder (hendrycks/test, `evaluate.py`: `{dev,val,test}/SUBJECT_SPLIT.csv` without a
 * heading: question, four choices, letter), or the bundle's `SPLIT.json` with the fields that LLM-Embedder's
 * `evaluation/eval_mmlu.py` takes (`query`, `query_id`, `choices`, `subject`, `answer` as a place).
 */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { diskError, RetrieveError } from "../../std/index.ts";
import { readBundleLines } from "../bundle.ts";
import { isFile } from "../convert/place.ts";
import { readCsv } from "../csv.ts";
import { listField, textField } from "../fields.ts";
import { createUnique } from "../unique.ts";
import type { ChoiceQuestion } from "./question.ts";

const stem =
  "abstract_algebra astronomy college_biology college_chemistry college_computer_science college_mathematics college_physics computer_security conceptual_physics electrical_engineering elementary_mathematics high_school_biology high_school_chemistry high_school_computer_science high_school_mathematics high_school_physics high_school_statistics machine_learning";
const humanities =
  "formal_logic high_school_european_history high_school_us_history high_school_world_history international_law jurisprudence logical_fallacies moral_disputes moral_scenarios philosophy prehistory professional_law world_religions";
const social =
  "econometrics high_school_geography high_school_government_and_politics high_school_macroeconomics high_school_microeconomics high_school_psychology human_sexuality professional_psychology public_relations security_studies sociology us_foreign_policy";
const other =
  "anatomy business_ethics clinical_knowledge college_medicine global_facts human_aging management marketing medical_genetics miscellaneous nutrition professional_accounting professional_medicine virology";

/** The category of each of the 57 subjects: STEM, Social sciences, Humanities, Other (hendrycks/test, `categories.py`). */
export const mmluCategories: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({ STEM: stem, "Social sciences": social, Humanities: humanities, Other: other }).flatMap(
    ([category, subjects]) => subjects.split(" ").map((subject) => [subject, category]),
  ),
);

/**
 * All questions of a split; owners' files by subject in the order of their names. An id is `query_id`, else the number of the
 * line; of owners' files `SUBJECT-N`, N from 1.
 *
 * Throws `not_found` where neither layout has the split, naming those that are there; `invalid_data` naming file and line for a
 * malformed line, an answer that is none of the choices, a subject that is not one of the 57, or an id that comes twice.
 */
export async function readMmlu(
  folder: string,
  { split }: { readonly split: string },
): Promise<ChoiceQuestion[]> {
  const bundle = join(folder, `${split}.json`);
  const questions = (await isFile(bundle)) ? await readBundle(bundle) : await readOwners(folder, split);
  if (questions.length > 0) return questions;
  throw new RetrieveError("invalid_data", `${folder}: no question in split ${split}`);
}

async function readBundle(path: string): Promise<ChoiceQuestion[]> {
  const questions: ChoiceQuestion[] = [];
  const unique = createUnique("question");
  for await (const { fields, place } of readBundleLines(path)) {
    const answer = fields["answer"];
    const question = {
      id: unique(textField(fields, "query_id", place, String(questions.length)), place),
      subject: textField(fields, "subject", place),
      question: textField(fields, "query", place),
      choices: listField(fields, "choices", place).map(String),
      answer: typeof answer === "number" ? answer : placeOf(String(answer)),
    };
    questions.push(checked(question, place));
  }
  return questions;
}

async function readOwners(folder: string, split: string): Promise<ChoiceQuestion[]> {
  const part = join(folder, split);
  const ending = `_${split}.csv`;
  const names = await readdir(part).catch(async () => {
    throw await withSplits(folder, split);
  });
  const questions: ChoiceQuestion[] = [];
  for (const name of names.filter((one) => one.endsWith(ending)).sort()) {
    const subject = name.slice(0, -ending.length);
    let number = 0;
    for await (const { cells, place } of readCsv(join(part, name), ",")) {
      const [question = "", ...rest] = cells;
      const letter = rest.pop() ?? "";
      if (rest.length !== 4) {
        throw new RetrieveError(
          "invalid_data",
          `${place}: got ${cells.length} cells; wanted a question, four choices and a letter`,
        );
      }
      const id = `${subject}-${++number}`;
      questions.push(checked({ id, subject, question, choices: rest, answer: placeOf(letter) }, place));
    }
  }
  return questions;
}

async function withSplits(folder: string, split: string): Promise<RetrieveError> {
  const there = await readdir(folder).catch((error: unknown) => {
    throw diskError(error, folder);
  });
  const splits = ["dev", "val", "test"].filter((one) => there.includes(one) || there.includes(`${one}.json`));
  return new RetrieveError(
    "not_found",
    `${folder}: has neither ${split}.json nor a folder ${split}; there are: ${splits.join(", ") || "no splits"}`,
  );
}

/** A letter from A; -1 for anything else. */
function placeOf(letter: string): number {
  const one = letter.trim().toUpperCase();
  return one.length === 1 ? "ABCDEFGHIJ".indexOf(one) : -1;
}

function checked(question: ChoiceQuestion, place: string): ChoiceQuestion {
  const { subject, choices, answer } = question;
  if (!Object.hasOwn(mmluCategories, subject)) {
    throw new RetrieveError("invalid_data", `${place}: "${subject}" is none of MMLU's 57 subjects`);
  }
  if (choices.length < 2 || !(Number.isInteger(answer) && answer >= 0 && answer < choices.length)) {
    throw new RetrieveError(
      "invalid_data",
      `${place}: there are ${choices.length} choices, and the answer is none of them; wanted two or more, and one of their letters or places`,
    );
  }
  return question;
}
