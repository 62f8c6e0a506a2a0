/** Multi-Session Chat (facebookresearch/ParlAI, projects/msc): long conversations in sessions days apart. */

import { join } from "node:path";
import { readJsonLines } from "../../std/index.ts";
import { listField, objectOf, textField } from "../fields.ts";
import type { TrainingRow } from "../row.ts";
import type { Converted, Converter } from "./converter.ts";
import { fileIn, isFile } from "./place.ts";
import { isThere } from "./texts.ts";

/**
 * `msc/msc_dialogue/session_N/{train,valid,test}.txt`, JSON Lines: `previous_dialogs`, each a `dialog` of texts, and the `dialog`
 * of this session. A row for each reply of the second speaker: the query is what the first one said, the history all pairs
 * before, across sessions. Each session has conversations of its own, few of which go on to the next one, and earlier
 * dialogues stand in it as what was said before alone. So all sessions are read, as ParlAI does; of the test part the last one
 * alone, as LLM-Embedder does. A file may be named itself.
 */
export const convertMsc: Converter = async function* (source, { split = "train", task = "chat" }) {
  for (const path of await sessionsOf(source, split)) yield* convertSession(path, task);
};

async function* convertSession(path: string, task: string): AsyncGenerator<Converted> {
  for await (const { value, place } of readJsonLines(path)) {
    const fields = objectOf(value, place);
    const before = listField(fields, "previous_dialogs", place).flatMap((session) =>
      pairsOf(objectOf(session, place), place),
    );
    const now = pairsOf(fields, place);
    for (const [at, pair] of now.entries()) {
      const history = [...before, ...now.slice(0, at)].map(
        ({ first, second }) => `Speaker 1: ${first}\nSpeaker 2: ${second}`,
      );
      if (history.length === 0) yield { dropped: "nothing said before" };
      else yield { row: { query: pair.first, pos: [], neg: [], history, answers: [pair.second], task } };
    }
  }
}

interface Pair {
  readonly first: string;
  readonly second: string;
}

/** Turns two by two; a last one without a reply is left out, as are pairs with a blank turn. */
function pairsOf(session: Readonly<Record<string, unknown>>, place: string): Pair[] {
  const texts = listField(session, "dialog", place).map((turn) =>
    textField(objectOf(turn, place), "text", place, ""),
  );
  const pairs: Pair[] = [];
  for (let at = 0; at + 1 < texts.length; at += 2) {
    const [first, second] = [texts[at], texts[at + 1]];
    if (isThere(first) && isThere(second)) pairs.push({ first, second });
  }
  return pairs;
}

/** The files of a part, the first session's first. ParlAI calls the dev part `valid`. */
async function sessionsOf(source: string, split: string): Promise<string[]> {
  const name = `${split === "dev" ? "valid" : split}.txt`;
  for (const folder of [source, join(source, "msc_dialogue"), join(source, "msc", "msc_dialogue")]) {
    const found: string[] = [];
    for (const session of [2, 3, 4, 5]) {
      const path = join(folder, `session_${session}`, name);
      if (await isFile(path)) found.push(path);
    }
    if (found.length > 0) return split === "test" ? found.slice(-1) : found;
  }
  return [await fileIn(source, [name])];
}

/** The rows of a split as chats with replies; what is dropped is passed over. */
export async function* readMscRows(folder: string, split: string): AsyncGenerator<TrainingRow> {
  for await (const converted of convertMsc(folder, { split })) if ("row" in converted) yield converted.row;
}
