/** Conversations to rows: what was said is asked with, the reply is the answer, and what helps was said before. */

import { type Bm25Index, createBm25, datedLine, readTurns, type TurnRow } from "../../retrieve/index.ts";
import { drawPlaces } from "../draw.ts";
import type { Converted, Converter } from "./converter.ts";
import { fileIn } from "./place.ts";
import { isThere } from "./texts.ts";

/** Of a reply, at most so many earlier turns to choose from. */
const candidates = 16;
/** Turns right before the query, which a prompt holds anyway. */
const recent = 2;
/** Fewer turns to choose from are no choice. */
const fewest = 4;

/**
 * JSON Lines as `retrieve add memory` reads them: a turn a line, or a whole conversation with its sessions; of a folder
 * `conversations.jsonl`. A row for each reply: the query is the turn before it, candidates are earlier turns of the same
 * conversation in the form in which memory keeps them ({@link datedLine}), the nearest by BM25, filled up with random ones, in
 * their order. Nobody has labelled them: a language model's likelihood tells which help, see `retrieve score`. Memory: the file.
 */
export const convertConversations: Converter = async function* (source, { task = "chat", seed = 0 }) {
  const conversations = new Map<string, TurnRow[]>();
  for await (const turn of readTurns(await fileIn(source, ["conversations.jsonl"]))) {
    if (!isThere(turn.text)) continue;
    conversations.set(turn.conversation, [...(conversations.get(turn.conversation) ?? []), turn]);
  }
  let number = 0;
  for (const turns of conversations.values()) {
    for (const converted of rowsOf(turns, { task, seed: seed + number })) {
      number++;
      yield converted;
    }
  }
};

function* rowsOf(
  turns: readonly TurnRow[],
  { task, seed }: { readonly task: string; readonly seed: number },
): Generator<Converted> {
  const texts = turns.map(({ role, text, time }) =>
    datedLine({ role, text, ...(time !== undefined && { time: new Date(time).toISOString() }) }),
  );
  const bm25 = createBm25();
  for (const [place, text] of texts.entries()) bm25.add(String(place), text);
  for (let reply = 1; reply < turns.length; reply++) {
    const [said, answered] = [turns[reply - 1], turns[reply]];
    if (said === undefined || answered === undefined || said.role === answered.role) continue;
    const before = reply - 1 - recent;
    if (before < fewest) yield { dropped: "too little said before" };
    else {
      const history = choose(bm25, said.text, before, seed + reply).map((place) => texts[place] ?? "");
      yield { row: { query: said.text, pos: [], neg: [], history, answers: [answered.text], task } };
    }
  }
}

/** Places before `end`, in their order. */
function choose(bm25: Bm25Index, query: string, end: number, seed: number): number[] {
  const near = bm25.score([{ text: query, weight: 1 }]).top(candidates, (id) => Number(id) < end);
  const chosen = new Set(near.map(({ id }) => Number(id)));
  for (const place of drawPlaces(end, seed, 0)) {
    if (chosen.size === candidates) break;
    chosen.add(place);
  }
  return [...chosen].sort((left, right) => left - right);
}
