/**
 * The units of memory: a chunk as the key, the chunk and the one after it as the value.
 *
 * A chunk is a pair of turns in a conversation and 128 tokens in a long text, as in LLM-Embedder.
 */

import {
  type Chunk,
  chunkByTokens,
  type Document,
  pairTurns,
  type TokenCounter,
} from "../../retrieve/index.ts";
import type { JsonValue } from "../../store/index.ts";
import type { MemoryPiece } from "../compose/prompt.ts";
import { fieldsOf } from "../fields.ts";
import { type KeptTurn, parseTurn, toJson, turnLine } from "./turn.ts";

/** Tokens in a chunk of a long text. */
const chunkTokens = 128;

/** A stretch of a conversation that is made into units. */
export interface Stretch {
  readonly conversation: string;
  readonly user?: string;
  /** Tells apart stretches of one conversation that came from different sources. */
  readonly of: string;
  readonly source: string;
  readonly turns: readonly KeptTurn[];
  /** Place of the first turn; default 0. */
  readonly start?: number;
}

/** A document for each pair of turns; `idOf` names the n-th, given also the place of its first turn. */
export function turnDocuments(stretch: Stretch, idOf: (index: number, place: number) => string): Document[] {
  const { turns, conversation, user, of, source, start: from = 0 } = stretch;
  const pairs = pairTurns(turns);
  return pairs.map(({ text, start, end }, index) => {
    const following = pairs[index + 1];
    const next = following === undefined ? [] : turns.slice(following.start, following.end);
    const time = turns[start]?.time;
    return {
      id: idOf(index, from + start),
      text,
      value: {
        of,
        start: from + start,
        turns: turns.slice(start, end).map(toJson),
        next: next.map(toJson),
      },
      source,
      metadata: {
        conversation,
        ...(user === undefined ? {} : { user }),
        ...(time === undefined ? {} : { time }),
      },
    };
  });
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
