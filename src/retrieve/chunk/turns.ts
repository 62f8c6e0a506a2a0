/** How chats are written as texts: a turn as a line, with its day where memory is searched, and pairs of turns. */

export interface SpokenTurn {
  /** `user`, `assistant`, or a name. */
  readonly role: string;
  readonly text: string;
}

/** A turn as it stands in a prompt. */
export function turnLine({ role, text }: SpokenTurn): string {
  return `${role}: ${text}`;
}

/**
 * A turn as it is searched: `[29 December 2023] Emi: text`, its `time` in ISO 8601, the day in UTC. Questions about
 * the past name days and people.
 */
export function datedLine(turn: SpokenTurn & { readonly time?: string }): string {
  return turn.time === undefined ? turnLine(turn) : `[${dayOf(turn.time)}] ${turnLine(turn)}`;
}

const days = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "long",
  year: "numeric",
  timeZone: "UTC",
});

function dayOf(time: string): string {
  return days.format(new Date(time));
}

/** The turns `start` to `end` (exclusive) of a conversation as one text, a line `ROLE: TEXT` each. */
export interface TurnPair {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The unit of chat memory in the reference system.
 *
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
    const lines = turns.slice(start, end).map(turnLine);
    pairs.push({ text: lines.join("\n"), start, end });
    start = end;
  }
  return pairs;
}
