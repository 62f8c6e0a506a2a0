/** Documents of any format to rows: each chunk is asked for by the one before it, among the chunks before that. */

import { formatOf, listFiles, readDocument, readRecords } from "../../retrieve/index.ts";
import { type OnNotice, RetrieveError } from "../../std/index.ts";
import { openChunker } from "./chunks.ts";
import type { Converter } from "./converter.ts";

/** Denser than for whole books: a handbook has tens of chunks, not thousands. */
const cut = { candidates: 16, stride: 2, fewest: 4 };

/**
 * Files and folders as `retrieve add knowledge` reads them, or JSON Lines of `{title?, text}` that are named themselves. Rows for
 * `retrieve score`, whose likelihoods tell which of up to 16 chunks before help to go on. Texts of less than seven chunks of 128
 * tokens are dropped. Under a folder, files that are no text are skipped with a notice. Memory: one text.
 */
export const convertDocuments: Converter = async function* (source, { task = "lrlm", onNotice }) {
  await using chunker = await openChunker(cut);
  for await (const text of textsOf(source, onNotice)) yield* chunker.rows(text, task);
};

async function* textsOf(source: string, onNotice: OnNotice | undefined): AsyncGenerator<string> {
  for await (const { path, named } of listFiles([source], onNotice ? { onNotice } : {})) {
    if (formatOf(path) !== "records") yield* textOf(path, named, onNotice);
    else if (named) yield* passagesOf(path);
  }
}

async function* passagesOf(path: string): AsyncGenerator<string> {
  for await (const { title, text } of readRecords(path)) {
    yield title === undefined ? text : `${title}\n${text}`;
  }
}

async function* textOf(path: string, named: boolean, onNotice: OnNotice | undefined): AsyncGenerator<string> {
  const document = await readDocument(path).catch((error: unknown) => {
    if (named || !RetrieveError.isInstance(error) || !unreadable.has(error.code)) throw error;
    onNotice?.(`skipped ${error.message}`);
  });
  if (document) yield document.text;
}

const unreadable: ReadonlySet<string> = new Set(["unsupported", "invalid_data", "invalid_argument"]);
