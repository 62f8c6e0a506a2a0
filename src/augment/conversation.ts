/**
 * A chat as one search query. What is asked for stands in the last message; what it is about ("it", "the other one")
 * often in those before, the more so the later they came.
 *
 * The forms are those that found most on the train parts of CMU DoG, MTRAG, CAsT 2022 and SGD, and held on their dev
 * parts: `runs/conversations.mjs` prints them all.
 */

import type { Query, SearchMethod } from "../retrieve/index.ts";

/** What a turn weighs for BM25 against the one after it. */
const decay = 0.3;

/** Weights below change no ranking by more than a tie. */
const leastWeight = 0.001;

/** How many turns before the last message the encoder reads. */
const readTurns = 2;

/**
 * The query of a conversation: `last`, the message to be answered, after `history`, the earlier turns of all roles,
 * oldest first.
 *
 * The encoder reads the last message and the two turns before it, the newest first: it cuts on the right, so what is
 * too long loses its oldest part. BM25 alone reads every turn at weight 0.3^age (the last message has age 0). In a
 * hybrid search BM25 reads the last message only: the encoder has the context already, and words of earlier turns
 * would count twice.
 */
export function conversationQuery(
  history: readonly string[],
  last: string,
  method: SearchMethod = "hybrid",
): Query {
  const newestFirst = [last, ...history.toReversed().filter((text) => text.trim() !== "")];
  const weighted = newestFirst
    .map((text, age) => ({ text, weight: decay ** age }))
    .filter(({ weight }) => weight >= leastWeight);
  return {
    text: newestFirst.slice(0, 1 + readTurns).join(" "),
    lexical: method === "bm25" ? weighted : [{ text: last, weight: 1 }],
  };
}
