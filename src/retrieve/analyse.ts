/**
 * Text to the terms that BM25 counts, in any script, without stemming or stop words.
 *
 * Scripts written without spaces have no words that a rule can find, so every two neighbouring characters are a term:
 * a query and a text share terms exactly where they share two characters in a row.
 */

/** Letters, marks and digits in a row, with the underscores of identifiers between them. */
const runs = /[\p{L}\p{M}\p{N}_]+/gu;
const asciiRuns = /[A-Za-z0-9_]+/g;

/** `Word`, `WORD` and `w0rd`: runs without an inner border. */
const plain = /^(?:[A-Za-z]?[a-z0-9]*|[A-Z0-9]+)$/;

const beyondAscii = /[^\0-\x7f]/;

/** The accents of Latin, Greek and Cyrillic letters; marks of other scripts carry meaning of their own. */
const accents = /[\u0300-\u036f]+/g;

/** What English hangs on a word: `Kate's`, `don't`, `we'll`. */
const clitics = /['’](?:s|t|re|ve|ll|d|m)(?!\p{L})/giu;

const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー々]+/gu;

const hangul = /^[\p{Script=Hangul}]{3,}$/u;

/** The inner borders of `findBus`, `HTTPServer`, `snake_case`; `GPUs` has none. */
const identifierBorder = /_+|(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll}{2})/u;

/**
 * Terms in the order of the text, repeats included.
 *
 * Lower-cased NFKC words without accents and English clitics; identifiers as a whole and in parts (`findBus`:
 * `findbus`, `find`, `bus`); pairs of characters for Chinese, Japanese, Thai, Lao, Khmer and Burmese; Korean words
 * and, above two syllables, their pairs, because particles are attached to the noun.
 */
export function analyse(text: string): string[] {
  const terms: string[] = [];
  const isAscii = !beyondAscii.test(text);
  const folded = isAscii ? text : text.normalize("NFKD").replace(accents, "").normalize("NFC");
  for (const run of folded.replace(clitics, "").match(isAscii ? asciiRuns : runs) ?? []) {
    if (plain.test(run)) terms.push(run.toLowerCase());
    else addRun(run, terms);
  }
  return terms;
}

function addRun(run: string, terms: string[]): void {
  let end = 0;
  for (const match of run.matchAll(unspaced)) {
    addSpaced(run.slice(end, match.index), terms);
    addPairs(match[0], terms);
    end = match.index + match[0].length;
  }
  addSpaced(run.slice(end), terms);
}

function addSpaced(word: string, terms: string[]): void {
  const parts = word.split(identifierBorder).filter((part) => part !== "");
  if (parts.length > 1) terms.push(parts.join("").toLowerCase());
  for (const part of parts) {
    terms.push(part.toLowerCase());
    if (hangul.test(part)) addPairs(part, terms);
  }
}

function addPairs(word: string, terms: string[]): void {
  const characters = [...word];
  if (characters.length === 1) terms.push(word);
  for (let at = 0; at + 1 < characters.length; at++) terms.push(`${characters[at]}${characters[at + 1]}`);
}
