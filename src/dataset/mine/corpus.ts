/** The documents that negatives are mined from, by their place in the file and by their id. */

import { readRecords } from "../../retrieve/index.ts";
import { RetrieveError } from "../../std/index.ts";
import type { RowId } from "../row.ts";

export interface Corpus {
  /** Title, a space, text; by place. */
  readonly texts: readonly string[];
  /** The places of documents given by place, by id or by text; what is not there is passed over. */
  placesOf(found: { readonly indexes?: readonly RowId[]; readonly texts?: readonly string[] }): Set<number>;
}

/**
 * Reads `{_id|id?, title?, text}` a line into memory.
 *
 * Throws as {@link readRecords} does, and `invalid_data` for a file without documents.
 */
export async function readCorpus(path: string): Promise<Corpus> {
  const texts: string[] = [];
  const byId = new Map<string, number>();
  const byText = new Map<string, number[]>();
  for await (const { id, title, text } of readRecords(path)) {
    const place = texts.push(title === undefined ? text : `${title} ${text}`) - 1;
    byId.set(id, place);
    const whole = texts[place] ?? "";
    byText.set(whole, [...(byText.get(whole) ?? []), place]);
  }
  if (texts.length === 0) {
    throw new RetrieveError("invalid_data", `${path}: no documents; wanted {"_id", "title", "text"} a line`);
  }
  return {
    texts,
    placesOf: ({ indexes = [], texts: wanted = [] }) => {
      const placed = indexes.flatMap((index) =>
        typeof index === "number" ? index : (byId.get(index) ?? []),
      );
      const same = wanted.flatMap((text) => byText.get(text) ?? []);
      return new Set([...placed, ...same].filter((place) => place in texts));
    },
  };
}
