/**
 * The units of memory: a chunk as the key, the chunk and the one after it as the value.
 *
 * A chunk is 128 tokens of a long text, or a turn and its reply in a conversation, as in LLM-Embedder. Pairs of turns
 * overlap here (every turn begins one), so pair i and pair i+1 are three turns; and the key is the opening turn with
 * its day instead of the whole pair: on the questions of RealTalk (train, hybrid, `mini`) such keys reach a Recall@5
 * of .443, whole pairs .364.
 */

import {
  type Chunk,
  chunkByTokens,
  type Document,
  datedLine,
  type SourceRecord,
  type TokenCounter,
  turnLine,
} from "../../retrieve/index.ts";
import type { JsonValue } from "../../store/index.ts";
import type { MemoryPiece } from "../compose/prompt.ts";
import { fieldsOf, hashOf } from "../fields.ts";
import { type KeptTurn, parseTurn, toJson } from "./turn.ts";

/** Tokens in a chunk of a long text. */
export const chunkTokens = 128;

/** Turns that come with a found one: its reply, and the turn after that. */
export const followingTurns = 2;

/** Consecutive turns of a conversation. */
export interface Stretch {
  readonly conversation: string;
  readonly user?: string | undefined;
  /** Tells apart stretches of one conversation that came from different sources. */
  readonly of: string;
  readonly turns: readonly KeptTurn[];
  /** Place of the first turn; default 0. */
  readonly start?: number;
}

/** A document for each turn, given its name and where it stands. */
export function turnDocuments(
  { turns, conversation, user, of, start = 0 }: Stretch,
  name: (index: number) => { readonly id: string; readonly source: string },
): Document[] {
  return turns.map((turn, index) => ({
    ...name(index),
    text: datedLine(turn),
    value: {
      of,
      start: start + index,
      turns: [toJson(turn)],
      next: turns.slice(index + 1, index + 1 + followingTurns).map(toJson),
    },
    metadata: {
      conversation,
      ...(user === undefined ? {} : { user }),
      ...(turn.time === undefined ? {} : { time: turn.time }),
    },
  }));
}

/** A record that is one document. */
export function documentRecord(document: Document, origin: string): SourceRecord {
  return { id: document.id, hash: hashOf("turn", document), origin, documents: [document] };
}

/** A document for each chunk of a long text; `at` tells where a chunk stands. Chunks joined are the text, its spaces included. */
export function textDocuments(
  id: string,
  at: (chunk: Chunk) => string,
  text: string,
  counter: TokenCounter,
  metadata: Document["metadata"],
): Document[] {
  const chunks = chunkByTokens(text, counter, chunkTokens);
  return chunks.map((chunk, index) => ({
    id: `${id}#${index}`,
    text: chunk.text.trim(),
    value: { of: id, start: index, text: chunk.text, next: chunks[index + 1]?.text ?? "" },
    source: at(chunk),
    metadata,
  }));
}

/** The stored unit as a piece of a prompt. */
export function memoryPiece({ id, value, metadata }: Document, score: number): MemoryPiece {
  const { of, start, turns, next, text, nextText } = readUnit(value, id);
  const time = metadata["time"];
  return {
    id,
    score,
    of,
    start,
    ...(turns.length > 0
      ? { parts: [...turns, ...next].map(turnLine), said: turns.map((turn) => turn.text), between: "\n" }
      : { parts: [text, nextText].filter((part) => part !== ""), between: "" }),
    ...(typeof time === "string" ? { time } : {}),
  };
}

/** What a stored unit holds: `turns` and `next` of a conversation, or `text` and `nextText` of a long text. */
export interface Unit {
  /** The text or conversation it is a part of. */
  readonly of: string;
  /** Place of its first part, in turns or chunks. */
  readonly start: number;
  readonly turns: readonly KeptTurn[];
  readonly next: readonly KeptTurn[];
  readonly text: string;
  readonly nextText: string;
}

/** Reads the value of a memory document. */
export function readUnit(value: JsonValue, id: string): Unit {
  const { of, start, text, turns, next } = fieldsOf(value, id, "a unit of memory");
  const turnsOf = (list: unknown): KeptTurn[] =>
    Array.isArray(list) ? list.map((turn) => parseTurn(turn, id)) : [];
  return {
    of: String(of),
    start: Number(start),
    turns: turnsOf(turns),
    next: turnsOf(next),
    text: typeof text === "string" ? text : "",
    nextText: typeof next === "string" ? next : "",
  };
}
