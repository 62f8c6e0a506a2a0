/** What scoring costs, told before it begins. */

import { type PlacedRow, rowBatches } from "../row-batches.ts";
import type { Survey } from "./survey.ts";
import type { Teacher, TeacherHooks, Trial } from "./teacher.ts";

/** What scoring costs, measured on a few candidates. */
export interface ScoreEstimate {
  readonly rows: number;
  readonly candidates: number;
  /** Of the language model, if nothing were cached. */
  readonly tokens: number;
  /** Undefined where all that was tried is cached. */
  readonly seconds?: number;
}

/** Rows that a trial looks at. */
const trialCount = 8;

/** `8 rows, 160 candidates: about 24,000 tokens, 3 minutes`, for people. */
export function costSentence({ rows, candidates, tokens, seconds }: ScoreEstimate): string {
  const number = (value: number): string => value.toLocaleString("en");
  const time =
    seconds === undefined
      ? "; the time shows as it goes, since all that was tried is cached"
      : seconds < 90
        ? `, ${Math.ceil(seconds)} seconds`
        : `, ${number(Math.round(seconds / 60))} minutes`;
  return `${number(rows)} rows, ${number(candidates)} candidates: about ${number(tokens)} tokens${time}`;
}

/** What the rows of a survey cost, by a trial. */
export async function estimate(
  teacher: Teacher,
  { begin, end, candidatesFrom }: Survey,
  path: string,
  hooks: TeacherHooks,
): Promise<ScoreEstimate> {
  const [rows, candidates] = [end - begin, candidatesFrom(begin)];
  if (teacher.trial === undefined || rows === 0) return { rows, candidates, tokens: 0, seconds: 0 };
  const trial = await teacher.trial(await trialRows(path, begin, end), hooks);
  return { rows, candidates, ...scaled(trial, candidates) };
}

function scaled(trial: Trial, candidates: number): Pick<ScoreEstimate, "tokens" | "seconds"> {
  if (trial.candidates === 0) return { tokens: 0 };
  const tokens = Math.round((trial.tokens / trial.candidates) * candidates);
  if (trial.evaluated === 0) return { tokens };
  return { tokens, seconds: Math.round((trial.seconds / trial.evaluated) * tokens * 10) / 10 };
}

/** A few rows, evenly spaced. */
async function trialRows(path: string, begin: number, end: number): Promise<PlacedRow[]> {
  const step = Math.ceil((end - begin) / trialCount);
  const rows: PlacedRow[] = [];
  let number = begin;
  for await (const batch of rowBatches(path, 1, { skip: begin, end })) {
    if ((number++ - begin) % step === 0) rows.push(...batch);
  }
  return rows;
}
