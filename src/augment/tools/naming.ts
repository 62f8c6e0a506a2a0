/** Names and texts of tools, made fit for chat APIs and for eyes: what a source says about itself is not trusted. */

import { createHash } from "node:crypto";

/** What chat APIs accept as the length of a function's name. */
const maxName = 64;

/** What is kept of a description; longer ones cost prompt tokens without telling more. */
const maxText = 8_000;

/**
 * `raw` as a function name, `[a-zA-Z0-9_-]{1,64}`: accents are dropped, other characters become `_`; a name that is too
 * long ends in a hash of the whole, so that it stays unique. `fallback` where nothing is left.
 */
export function toName(raw: string, fallback: string): string {
  const name = raw
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^a-zA-Z0-9_-]+/g, "_")
    .replace(/^_+|_+$/g, "");
  if (name === "") return fallback;
  if (name.length <= maxName) return name;
  return `${name.slice(0, maxName - 9)}_${createHash("sha256").update(raw).digest("hex").slice(0, 8)}`;
}

/** A function that gives each name once: the second `list` becomes `list_2`. */
export function uniqueNames(): (name: string) => string {
  const taken = new Set<string>();
  return (name) => {
    let unique = name;
    for (let number = 2; taken.has(unique); number++) {
      const suffix = `_${number}`;
      unique = `${name.slice(0, maxName - suffix.length)}${suffix}`;
    }
    taken.add(unique);
    return unique;
  };
}

/**
 * Text of a source as people see it: control characters (terminal escapes), direction overrides and invisible
 * characters, in which instructions can hide, are dropped; newlines and tabs stay. Cut after 8,000 characters.
 */
export function cleanText(text: string): string {
  const visible = text
    .replace(/\r\n?/g, "\n")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to drop
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "")
    .replace(/[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu, "")
    .trim();
  return visible.length > maxText ? `${visible.slice(0, maxText)}…` : visible;
}
