/**
 * A chat as one search query. What is asked for stands in the last message; what it is about ("it", "the other one")
 * often in those before, the more so the later they came.
 */

import type { Query } from "../retrieve/index.ts";

/** What a turn before the last message weighs for BM25, and by how much less each one before it. */
const earlier = { weight: 0.3, decay: 0.4 };

/** Turns that weigh less than this are not read: they could not change a ranking by more than a tie. */
const leastWeight = 0.001;

/**
 * The query of a conversation: `last`, the message to be answered, after `history`, the earlier turns of all roles,
 * oldest first.
 *
 * BM25 reads every turn, age a at weight 0.3 · 0.4^a (a = 0 for the turn just before the last message).
 */
export function conversationQuery(history: readonly string[], last: string): Query {
  const newestFirst = history.toReversed();
  const older = newestFirst
    .map((text, age) => ({ text, weight: earlier.weight * earlier.decay ** age }))
    .filter(({ text, weight }) => weight >= leastWeight && text.trim() !== "");
  return { text: last, lexical: [{ text: last, weight: 1 }, ...older] };
}
