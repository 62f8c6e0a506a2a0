/** Terms as Anserini's default analyser has them: stemmed by Porter's rules, English stop words left out. */

import { stemmer } from "stemmer";
import { analyse } from "./analyse.ts";

/** The stop words of Lucene's English analyser. */
const stopWords: ReadonlySet<string> = new Set(
  "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with".split(
    " ",
  ),
);

/** The terms of {@link analyse} without stop words, those of plain letters stemmed (Porter 1980). */
export function analyseStemmed(text: string): string[] {
  return analyse(text)
    .filter((term) => !stopWords.has(term))
    .map((term) => (/^[a-z]+$/.test(term) ? stemmer(term) : term));
}
