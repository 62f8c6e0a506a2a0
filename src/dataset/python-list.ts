/** Lists of texts as Python prints them: `['a', "it's"]`. Nothing is run. */

import { RetrieveError } from "../std/index.ts";

const literal = String.raw`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"`;
const wholeList = new RegExp(
  String.raw`^\s*\[\s*(?:(?:${literal})\s*(?:,\s*(?:${literal})\s*)*,?\s*)?\]\s*$`,
  "s",
);
const literals = new RegExp(literal, "gs");

/** The texts of a list. Throws `invalid_data` with the place for anything else, a list of numbers among them. */
export function parsePythonTexts(list: string, place: string): string[] {
  if (wholeList.test(list)) return [...list.matchAll(literals)].map(([text]) => unescaped(text.slice(1, -1)));
  throw new RetrieveError(
    "invalid_data",
    `${place}: got ${list.slice(0, 60)}; wanted a list of texts as Python prints it, ['a', 'b']`,
  );
}

/** Escapes of Python's string literals (Language Reference, 2.4.1), but for names of characters, which `repr` does not write. */
const escapes =
  /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U(00(?:0[\da-fA-F]|10)[\da-fA-F]{4})|([0-7]{1,3})|(\n)|([\\'"abfnrtv]))/g;

const named: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** An escape that Python does not know stays as it is. */
function unescaped(text: string): string {
  return text.replace(escapes, (_, ...groups: (string | undefined)[]) => {
    const [byte, short, long, octal, lineBreak, letter] = groups;
    const hex = byte ?? short ?? long;
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    if (lineBreak !== undefined) return "";
    return named[letter ?? ""] ?? letter ?? "";
  });
}
