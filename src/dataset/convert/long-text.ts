/** Long texts, as of Books3 and ArXiv: each chunk is asked for by the one before it, among the chunks far before. */

import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { diskError } from "../../std/index.ts";
import { objectOf, textField } from "../fields.ts";
import { openChunker } from "./chunks.ts";
import type { Converter } from "./converter.ts";
import { isFile, readItems } from "./place.ts";

/** Shorter texts are left out, as in the paper: their past fits into a window. */
export const shortestText = 160_000;

/**
 * A folder of `.txt` files, a text file, or JSON Lines of `{text}`. Rows for `retrieve score`, whose likelihoods tell which of the
 * 64 candidates help; training keeps those whose scores differ (`minSpread`). Texts of less than 160,000 characters are dropped,
 * as in the paper. Memory: one text.
 */
export const convertLongText: Converter = async function* (source, { task = "lrlm" }) {
  await using chunker = await openChunker();
  for await (const text of textsOf(source)) {
    if (text.length < shortestText) yield { dropped: `under ${shortestText} characters` };
    else yield* chunker.rows(text, task);
  }
};

async function* textsOf(source: string): AsyncGenerator<string> {
  if (await isFile(source)) {
    if (extname(source) === ".txt") yield await readFile(source, "utf8");
    else
      for await (const { value, place } of readItems(source))
        yield textField(objectOf(value, place), "text", place, "");
    return;
  }
  try {
    const names = await readdir(source, { recursive: true });
    for (const name of names.toSorted())
      if (extname(name) === ".txt") yield await readFile(join(source, name), "utf8");
  } catch (error) {
    throw diskError(error, source);
  }
}
