/** Long texts to rows: what comes next, and what stood far before it. */

import { openEncoder } from "../../encoder/index.ts";
import { chunkByTokens } from "../../retrieve/index.ts";
import type { Converted } from "./converter.ts";

/** As in LLM-Embedder. */
const chunkTokens = 128;

/** Which chunks of a text make rows. */
export interface ChunkRows {
  /** At most so many chunks to choose from. */
  readonly candidates: number;
  /** Chunks from one query to the next. */
  readonly stride: number;
  /** Fewer chunks before a query give nothing to choose from. */
  readonly fewest: number;
}

/** As in LLM-Embedder: 64 chunks as candidates, each the candidate of one query. */
const longTexts: ChunkRows = { candidates: 64, stride: 64, fewest: 8 };

/** Cuts one text after the other. Tokens are those of `mini`; the paper counts those of its language model. */
export interface Chunker extends AsyncDisposable {
  rows(text: string, task: string): Converted[];
}

export async function openChunker(cut: ChunkRows = longTexts): Promise<Chunker> {
  const encoder = await openEncoder("mini", { offline: true });
  return {
    rows: (text, task) =>
      rowsOf(
        chunkByTokens(text, encoder.tokenizer, chunkTokens).map((chunk) => chunk.text),
        task,
        cut,
      ),
    [Symbol.asyncDispose]: () => encoder.close(),
  };
}

/**
 * A row for every `stride`-th chunk as the query, from the end: the answer is the chunk after it, candidates are the chunks before it in
 * their order, none adjacent to it, so that no candidate with its next chunk holds the query. `continuations` has these next chunks.
 */
function rowsOf(
  chunks: readonly string[],
  task: string,
  { candidates, stride, fewest }: ChunkRows,
): Converted[] {
  const rows: Converted[] = [];
  for (let query = chunks.length - 2; query >= fewest + 1; query -= stride) {
    const end = query - 1;
    const start = Math.max(0, end - candidates);
    rows.unshift({
      row: {
        query: chunks[query] ?? "",
        pos: [],
        neg: chunks.slice(start, end),
        answers: chunks.slice(query + 1, query + 2),
        task,
        others: { continuations: chunks.slice(start + 1, end + 1) },
      },
    });
  }
  return rows.length > 0 ? rows : [{ dropped: "too short" }];
}
