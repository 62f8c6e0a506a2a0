/** Texts of rows as data sets give them: blank ones are no texts. */

import type { TrainingRow } from "../row.ts";
import type { Converted } from "./converter.ts";

export function isThere(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== "";
}

/** Texts without the blank ones and the repeated. */
export function textsIn(texts: readonly string[]): string[] {
  return [...new Set(texts.filter(isThere))];
}

/** The row, or why it is none: no query, nothing to find. */
export function rowOr(row: TrainingRow): Converted {
  if (!isThere(row.query)) return { dropped: "no query" };
  if (row.history === undefined && row.pos.length + row.neg.length === 0) return { dropped: "no candidates" };
  if (row.history?.length === 0) return { dropped: "no history" };
  return { row };
}

/** A title and a text as one document, as search has it. */
export function titled(title: string, text: string): string {
  return title.trim() === "" ? text : `${title} ${text}`;
}
