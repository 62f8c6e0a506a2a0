/**
 * Files of LLM-Embedder's data bundle (FlagOpen/FlagEmbedding, research/llm_embedder): JSON Lines named `.json`; a corpus is
 * addressed by line, from 0.
 */

import { readJsonLines } from "../std/index.ts";
import type { CorpusDocument } from "./beir.ts";
import { isThere } from "./convert/texts.ts";
import { listField, objectOf } from "./fields.ts";

export type BundleFields = Readonly<Record<string, unknown>>;

/** A line of a bundle file. */
export interface BundleLine {
  readonly fields: BundleFields;
  /** For messages: file and line. */
  readonly place: string;
}

/** Lines of a file as objects. */
export async function* readBundleLines(path: string): AsyncGenerator<BundleLine> {
  for await (const { value, place } of readJsonLines(path)) yield { fields: objectOf(value, place), place };
}

/** A document of a corpus, with the task it belongs to where the corpus says. */
export interface BundleDocument extends CorpusDocument {
  readonly task?: string;
}

/** The documents of a corpus; the id is the number of the line. */
export async function* readBundleCorpus(path: string): AsyncGenerator<BundleDocument> {
  let line = 0;
  for await (const { fields } of readBundleLines(path)) {
    const task = fields["task_name"];
    yield { id: String(line++), text: bundleText(fields), ...(typeof task === "string" && { task }) };
  }
}

/** `{title} {text}` of passages, `{text}` of tools and conversations, `{contents}` of examples. */
export function bundleText({ title, text, contents }: BundleFields): string {
  const parts = [title, text ?? contents].filter((part) => typeof part === "string" && isThere(part));
  return parts.join(" ");
}

/** A list of texts without the blank ones; a number is read as a text, one text alone or a list written as JSON as a list. */
export function textsField(fields: BundleFields, name: string, place: string): string[] {
  const value = fields[name];
  if (typeof value === "string") {
    return value.startsWith("[") ? textsField({ [name]: parsed(value) }, name, place) : [value];
  }
  return listField(fields, name, place).flatMap((one) => {
    if (typeof one === "number") return [String(one)];
    return typeof one === "string" && isThere(one) ? [one] : [];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return [text];
  }
}
