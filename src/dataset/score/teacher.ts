/** What a teacher is: whoever says how good each candidate of a row is. */

import type { OnNotice } from "../../std/index.ts";
import type { PlacedRow } from "../row-batches.ts";

export interface Teacher {
  /** Its name and all that its scores depend on besides the row; stands in every row that it scores. */
  readonly identity: { readonly name: string; readonly [setting: string]: string | number | boolean };
  /** Rows that are handed over together; the next ones wait for them. */
  readonly batchSize: number;
  /** A verdict for each row, in their order. Errors of what it asks surface; what was done until then is not lost. */
  score(rows: readonly PlacedRow[], hooks: TeacherHooks): Promise<Verdict[]>;
  /** What some rows cost, measured on a few of their candidates, which count as done. Absent where nothing costs. */
  readonly trial?: (rows: readonly PlacedRow[], hooks: TeacherHooks) => Promise<Trial>;
  /** Told once at the end: what was not as it should be. */
  tell?(onNotice: OnNotice): void;
  close?(): Promise<void>;
}

export interface TeacherHooks {
  readonly onSpent?: (spent: Spent) => void;
  readonly signal?: AbortSignal;
}

/** Work that was done. */
export interface Spent {
  /** Candidates that were finished. */
  readonly candidates?: number;
  /** Answers that were scored after a candidate. */
  readonly scored?: number;
  /** Those whose score was known already. */
  readonly cached?: number;
  /** Tokens of the language model. */
  readonly tokens?: number;
}

/** A few candidates as a measure of all. */
export interface Trial {
  readonly candidates: number;
  readonly tokens: number;
  /** Of these tokens, those that had to be evaluated, and how long that took. */
  readonly evaluated: number;
  readonly seconds: number;
}

/** Scores aligned to the candidates, higher is better; or why a row has none, in words that go on "rows are left out". */
export type Verdict =
  | {
      readonly scores: readonly number[];
      /** Other scores of the same candidates, by the field that holds them. */
      readonly others?: Readonly<Record<string, readonly number[]>>;
    }
  | { readonly leftOut: string };

/** Makes the teacher of a task. Throws `invalid_argument` or `unsupported` where it does not teach that task. */
export type OpenTeacher = (task: string) => Promise<Teacher>;

/** Why a row without answers has no verdict of a teacher that needs them. */
export const withoutAnswers = "without answers";
