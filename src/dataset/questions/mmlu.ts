/**
 * MMLU: the owners' folder (hendrycks/test, `{dev,val,test}/SUBJECT_SPLIT.csv` without a heading: question, four choices,
 * letter), or LLM-Embedder's bundle (`SPLIT.json`: `query`, `choices`, `subject`, `answer` as a place).
 */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { diskError, RetrieveError } from "../../std/index.ts";
import { readBundleLines, textsField } from "../bundle.ts";
import { isFile } from "../convert/place.ts";
import { textField } from "../fields.ts";
import { readCsv } from "./csv.ts";
import type { ChoiceQuestion } from "./question.ts";

const stem =
  "abstract_algebra astronomy college_biology college_chemistry college_computer_science college_mathematics college_physics computer_security conceptual_physics electrical_engineering elementary_mathematics high_school_biology high_school_chemistry high_school_computer_science high_school_mathematics high_school_physics high_school_statistics machine_learning";
const humanities =
  "formal_logic high_school_european_history high_school_us_history high_school_world_history international_law jurisprudence logical_fallacies moral_disputes moral_scenarios philosophy prehistory professional_law world_religions";
const social =
  "econometrics high_school_geography high_school_government_and_politics high_school_macroeconomics high_school_microeconomics high_school_psychology human_sexuality professional_psychology public_relations security_studies sociology us_foreign_policy";
const other =
  "anatomy business_ethics clinical_knowledge college_medicine global_facts human_aging management marketing medical_genetics miscellaneous nutrition professional_accounting professional_medicine virology";

/** The category of each of the 57 subjects, by the owners' `categories.py`. */
export const mmluCategories: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({ STEM: stem, Humanities: humanities, Social: social, Other: other }).flatMap(
    ([category, subjects]) => subjects.split(" ").map((subject) => [subject, category]),
  ),
);

/**
 * All questions of a split. Throws `not_found` where neither layout is there, `invalid_data` naming file and place for a
 * question without choices, an answer that is none of them, or a subject that is not one of the 57.
 */
export async function readMmlu(
  folder: string,
  { split }: { readonly split: string },
): Promise<ChoiceQuestion[]> {
  const bundle = join(folder, `${split}.json`);
  const questions = (await isFile(bundle)) ? await fromBundle(bundle) : await fromOwners(folder, split);
  if (questions.length > 0) return questions;
  throw new RetrieveError("invalid_data", `${folder}: no question in split ${split}`);
}

async function fromBundle(path: string): Promise<ChoiceQuestion[]> {
  const questions: ChoiceQuestion[] = [];
  for await (const { fields, place } of readBundleLines(path)) {
    const answer = fields["answer"];
    questions.push(
      checked(
        {
          id: String(fields["query_id"] ?? questions.length),
          subject: textField(fields, "subject", place),
          question: textField(fields, "query", place),
          choices: textsField(fields, "choices", place),
          answer: typeof answer === "number" ? answer : placeOf(String(answer)),
        },
        place,
      ),
    );
  }
  return questions;
}

async function fromOwners(folder: string, split: string): Promise<ChoiceQuestion[]> {
  const part = join(folder, split);
  const names = await readdir(part).catch((error: unknown) => {
    throw diskError(error, part);
  });
  const questions: ChoiceQuestion[] = [];
  for (const name of names.filter((one) => one.endsWith(`_${split}.csv`)).sort()) {
    const subject = name.slice(0, -`_${split}.csv`.length);
    let record = 0;
    for await (const cells of readCsv(join(part, name), ",")) {
      record++;
      const [question = "", ...rest] = cells;
      const choices = rest.slice(0, -1);
      const place = `${join(part, name)}, question ${record}`;
      const answer = placeOf(rest.at(-1) ?? "");
      questions.push(checked({ id: `${subject}-${record}`, subject, question, choices, answer }, place));
    }
  }
  return questions;
}

function placeOf(letter: string): number {
  return "ABCDEFGHIJ".indexOf(letter.trim().toUpperCase() || "?");
}

function checked(question: ChoiceQuestion, place: string): ChoiceQuestion {
  const { subject, choices, answer } = question;
  if (!Object.hasOwn(mmluCategories, subject)) {
    throw new RetrieveError("invalid_data", `${place}: "${subject}" is none of MMLU's 57 subjects`);
  }
  if (choices.length < 2 || !(answer >= 0 && answer < choices.length)) {
    throw new RetrieveError(
      "invalid_data",
      `${place}: ${choices.length} choices, and the answer is number ${answer} from 0; wanted at least two, and one of them`,
    );
  }
  return question;
}
