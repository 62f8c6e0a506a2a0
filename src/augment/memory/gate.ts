/**
 * What may enter memory: not the same turn twice, and not what memory itself put into a prompt before. Without it a
 * memory fills with its own echoes: recalled, repeated by the model, stored, recalled again.
 */

import { withoutFences } from "../compose/fence.ts";
import { type KeptTurn, normalize, turnKey } from "./turn.ts";

/** Shorter texts are set phrases ("yes, please") that people do say again. */
const shortestEcho = 40;

export interface Gate {
  /** The turn as it may be stored, fenced blocks of an earlier prompt taken out; undefined where nothing new is left. */
  admit(turn: KeptTurn): KeptTurn | undefined;
}

/**
 * A gate in front of a conversation. Refused are:
 *
 * - a turn with the speaker, text and time of one that is stored, or of the one just before it
 * - a text of 40 characters or more that stands word for word in a stored turn or in a `recalled` text
 */
export function createGate(stored: readonly KeptTurn[], recalled: readonly string[] = []): Gate {
  const known = new Set(stored.filter(({ time }) => time !== undefined).map(turnKey));
  const said = new Set(stored.map(({ text }) => normalize(text)));
  const echoes = [[...said].join("\n"), ...recalled.map(normalize)];
  let before = stored.at(-1);
  const isRepeat = (turn: KeptTurn): boolean => {
    if (known.has(turnKey(turn)) || (before !== undefined && turnKey(before) === turnKey(turn))) return true;
    const text = normalize(turn.text);
    return text.length >= shortestEcho && (said.has(text) || echoes.some((echo) => echo.includes(text)));
  };
  return {
    admit(turn) {
      const kept = { ...turn, text: withoutFences(turn.text) };
      if (kept.text.trim() === "" || isRepeat(kept)) return undefined;
      before = kept;
      said.add(normalize(kept.text));
      if (kept.time !== undefined) known.add(turnKey(kept));
      return kept;
    },
  };
}
