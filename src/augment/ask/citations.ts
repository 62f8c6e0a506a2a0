/** The marks of an answer, and the sources that they name. */

import type { Citation } from "../compose/prompt.ts";
import type { AnswerCitation } from "../index-types.ts";

/** `[1]`, `[1, 3]`, `[2;3]`. */
const anyMark = /\[\s*\d{1,4}(?:\s*[,;]\s*\d{1,4})*\s*\]/g;

/** Code in Markdown: brackets in it are no marks. */
const anyCode = /```[\s\S]*?(?:```|$)|`[^`\n]*`/g;

/** The sources that the answer cites, by number. */
export function citedIn(answer: string, sources: readonly Citation[]): readonly AnswerCitation[] {
  const prose = answer.replace(anyCode, (code) => " ".repeat(code.length));
  const positions = new Map<number, number[]>();
  for (const { 0: mark, index } of prose.matchAll(anyMark)) {
    for (const digits of new Set(mark.match(/\d+/g))) {
      const number = Number(digits);
      positions.set(number, [...(positions.get(number) ?? []), index]);
    }
  }
  return sources
    .flatMap((source) => {
      const at = positions.get(source.number);
      return at === undefined ? [] : [{ ...source, positions: at }];
    })
    .toSorted((left, right) => left.number - right.number);
}
