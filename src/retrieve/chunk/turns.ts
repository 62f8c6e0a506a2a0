/** Chats as pairs of an utterance and its reply: the unit of chat memory in the reference system. */

export interface SpokenTurn {
  /** `user`, `assistant`, or a name. */
  readonly role: string;
  readonly text: string;
}

/** The turns `start` to `end` (exclusive) of a conversation as one text, a line `ROLE: TEXT` each. */
export interface TurnPair {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Pairs each turn with the next where somebody else speaks. A turn that the same speaker follows stands alone, and
 * so does the last of an odd number: a pair is an exchange, never longer than two turns, and none is lost.
 *
 * Appending turns changes at most the last pair.
 */
export function pairTurns(turns: readonly SpokenTurn[]): TurnPair[] {
  const pairs: TurnPair[] = [];
  for (let start = 0; start < turns.length; ) {
    const answered = start + 1 < turns.length && turns[start]?.role !== turns[start + 1]?.role;
    const end = start + (answered ? 2 : 1);
    const lines = turns.slice(start, end).map(({ role, text }) => `${role}: ${text}`);
    pairs.push({ text: lines.join("\n"), start, end });
    start = end;
  }
  return pairs;
}
