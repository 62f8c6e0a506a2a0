/** Files, folders and JSON Lines as one stream of documents and passages. */

import { type OnNotice, RetrieveError } from "../../std/index.ts";
import { type ReadOptions, readDocument, type SourceDocument } from "./document.ts";
import { listFiles } from "./files.ts";
import { formatOf } from "./formats.ts";
import { type PassageRow, readRecords } from "./records.ts";

/** One thing read, with the source that it was found under. */
export type SourceItem =
  | { readonly kind: "document"; readonly origin: string; readonly document: SourceDocument }
  | { readonly kind: "passage"; readonly origin: string; readonly passage: PassageRow };

/**
 * Everything in some files and folders, in the order of {@link listFiles}: a document each, or the passages of a JSON
 * Lines file.
 *
 * Throws as {@link readDocument} and {@link readRecords} do for a file that is named. Under a folder, a file that is
 * binary, not UTF-8, without text or too large is skipped with a notice; broken JSON Lines and a missing package stop
 * here too, for much would be missed in silence. Memory: one file.
 */
export async function* readSources(
  sources: readonly string[],
  options: ReadOptions & { readonly onNotice?: OnNotice } = {},
): AsyncGenerator<SourceItem> {
  for await (const { path, origin, named } of listFiles(sources, options)) {
    if (formatOf(path) === "records") {
      for await (const passage of readRecords(path)) yield { kind: "passage", origin, passage };
      continue;
    }
    const document = await readDocument(path, options).catch((error: unknown) => {
      if (named || !skippable(error)) throw error;
      options.onNotice?.(`skipped ${error.message}`);
    });
    if (document) yield { kind: "document", origin, document };
  }
}

function skippable(error: unknown): error is RetrieveError {
  return (
    RetrieveError.isInstance(error) &&
    ["unsupported", "invalid_data", "invalid_argument"].includes(error.code)
  );
}
