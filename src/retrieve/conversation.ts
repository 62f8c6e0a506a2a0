/**
 * A chat as one search query. What is asked for stands in the last message; what it is about ("it", "the other one")
 * often in those before, the more so the later they came.
 *
 * The forms are those that found most on the train parts of CMU DoG, MTRAG, CAsT 2022 and SGD, and held on their dev
 * parts: `runs/conversations.mjs` prints them all.
 */

import type { Query, SearchMethod } from "./collection.ts";

/** What a turn weighs for BM25 against the one after it. */
const decay = 0.3;

/** Weights below change no ranking by more than a tie. */
const leastWeight = 0.001;

/** How many turns before the last message the encoder reads, and how many characters of each. */
const read = { turns: 2, characters: 100 };

/**
 * The query of a conversation: `last`, the message to be answered, after `history`, the earlier turns of all roles,
 * oldest first.
 *
 * The encoder reads the last message and the beginnings of the two turns before it, the newest first: they say what
 * the talk is about, a long answer in full would drown the question, and what exceeds the encoder's limit on the right
 * is the oldest. BM25 alone reads every turn at weight 0.3^age (the last message has age 0). In a hybrid search BM25
 * reads the last message only: the encoder has the context already, and words of earlier turns would count twice.
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
    text: [last, ...newestFirst.slice(1, 1 + read.turns).map(beginning)].join(" "),
    lexical: method === "bm25" ? weighted : [{ text: last, weight: 1 }],
  };
}

/** The text up to the last space within the limit, or to the limit in a script without spaces. */
function beginning(text: string): string {
  if (text.length <= read.characters) return text;
  const space = text.lastIndexOf(" ", read.characters);
  return text.slice(0, space > read.characters / 2 ? space : read.characters);
}
