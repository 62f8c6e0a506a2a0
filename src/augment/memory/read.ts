/** Memory from files and records: long texts, turns as JSON Lines, whole conversations. */

import {
  placeOf,
  readRecords,
  readTurns,
  type SourceDocument,
  type SourceRecord,
} from "../../retrieve/index.ts";
import { readJsonLines } from "../../std/index.ts";
import { hashOf, invalid } from "../fields.ts";
import type { Turn } from "../index-types.ts";
import type { ReadContext } from "../kinds/kind.ts";
import { createGate } from "./gate.ts";
import { type KeptTurn, parseTurn, turnKey } from "./turn.ts";
import { documentRecord, readUnit, textDocuments, turnDocuments } from "./unit.ts";

/** A long text as one record of chunks. */
export function textRecord(document: SourceDocument, origin: string, context: ReadContext): SourceRecord {
  const { path, title, text, hash } = document;
  return {
    id: path,
    hash: hashOf("text", hash, path),
    origin,
    documents: textDocuments(path, (chunk) => placeOf(document, chunk), text, context.counter, { title }),
  };
}

/**
 * JSON Lines: a turn a line is a record, a whole conversation a line is one of a chunk for each turn; a line that
 * nobody says is a long text.
 */
export async function* readLines(
  path: string,
  origin: string,
  context: ReadContext,
): AsyncGenerator<SourceRecord> {
  if (await holdsTexts(path)) yield* readTexts(path, origin, context);
  else yield* readConversations(path, origin, context);
}

/** Turns given in memory: a record each. The same turns again have the same ids. */
export async function* readGivenTurns(
  given: readonly Turn[],
  context: ReadContext,
): AsyncGenerator<SourceRecord> {
  const turns = given.map((turn, index): ReadTurn => {
    const { conversation = "default", ...rest } = parseTurn(turn, `turn ${index + 1}`);
    return { ...rest, conversation, source: conversation };
  });
  for (const conversation of byConversation(turns)) {
    const first = conversation.turns.slice(0, 1).map(turnKey).join("").slice(0, 8);
    yield* turnRecords(conversation, `${conversation.name}/${first}`, "turns", context);
  }
}

async function* readConversations(
  path: string,
  origin: string,
  context: ReadContext,
): AsyncGenerator<SourceRecord> {
  const turns: ReadTurn[] = [];
  for await (const { time, ...row } of readTurns(path)) {
    context.signal?.throwIfAborted();
    turns.push({ ...row, ...(time === undefined ? {} : { time: new Date(time).toISOString() }) });
  }
  for (const conversation of byConversation(turns)) {
    const { name } = conversation;
    if (conversation.turns.some(({ session }) => session !== undefined)) {
      yield await wholeRecord(conversation, origin, context);
    } else {
      yield* turnRecords(conversation, name === "default" ? path : `${path}/${name}`, origin, context);
    }
  }
}

interface ReadTurn extends KeptTurn {
  readonly conversation: string;
  readonly user?: string;
  /** Of a file of whole conversations. */
  readonly session?: number;
  readonly source: string;
}

interface Conversation {
  readonly name: string;
  readonly user: string | undefined;
  readonly turns: ReadTurn[];
}

/** A record for each turn, named `OF/TURN`; without documents where the gate refuses it. */
async function* turnRecords(
  { name, user, turns }: Conversation,
  of: string,
  origin: string,
  context: ReadContext,
): AsyncGenerator<SourceRecord> {
  const named = turns.map((turn, index) => ({ ...turn, record: `${of}/${turn.id ?? index}` }));
  const ids = new Set<string>();
  for (const { record, source } of named) {
    if (ids.has(record))
      throw invalid(source, `a turn with the id of ${record} stands twice; wanted ids that differ`);
    ids.add(record);
  }
  const gate = createGate(await turnsElsewhere(name, (id) => ids.has(id), context), context.recalled);
  const passed = named.map((turn) => ({ turn, kept: gate.admit(turn) }));
  const admitted = passed.flatMap(({ turn, kept }) =>
    kept === undefined ? [] : [{ ...turn, text: kept.text }],
  );
  const documents = turnDocuments({ conversation: name, user, of, turns: admitted }, (index) => ({
    id: admitted[index]?.record ?? "",
    source: admitted[index]?.source ?? "",
  }));
  for (const document of documents) yield documentRecord(document, origin);
  for (const { turn, kept } of passed) {
    if (kept === undefined) yield { id: turn.record, hash: "refused", origin, documents: [] };
  }
}

/** One record, named as the conversation. */
async function wholeRecord(
  { name, user, turns }: Conversation,
  origin: string,
  context: ReadContext,
): Promise<SourceRecord> {
  const gate = createGate(
    await turnsElsewhere(name, (id) => id.startsWith(`${name}#`), context),
    context.recalled,
  );
  const admitted = turns.flatMap((turn) => gate.admit(turn) ?? []);
  const source = turns[0]?.source ?? name;
  const documents = turnDocuments({ conversation: name, user, of: name, turns: admitted }, (index) => ({
    id: `${name}#${index}`,
    source,
  }));
  return { id: name, hash: hashOf("conversation", documents), origin, documents };
}

/** The turns of a conversation that documents other than the caller's own hold. */
async function turnsElsewhere(
  name: string,
  isOwn: (id: string) => boolean,
  context: ReadContext,
): Promise<KeptTurn[]> {
  const turns: KeptTurn[] = [];
  for await (const { id, value } of context.stored({ field: "conversation", op: "=", value: name })) {
    if (!isOwn(id)) turns.push(...readUnit(value, id).turns);
  }
  return turns;
}

function byConversation(turns: readonly ReadTurn[]): Conversation[] {
  const conversations = new Map<string, Conversation>();
  for (const turn of turns) {
    const known = conversations.get(turn.conversation);
    if (known !== undefined) known.turns.push(turn);
    else conversations.set(turn.conversation, { name: turn.conversation, user: turn.user, turns: [turn] });
  }
  return [...conversations.values()];
}

async function* readTexts(path: string, origin: string, context: ReadContext): AsyncGenerator<SourceRecord> {
  for await (const { id, title, text, hash, source, metadata } of readRecords(path)) {
    context.signal?.throwIfAborted();
    const described = title === undefined ? metadata : { ...metadata, title };
    yield {
      id,
      hash: hashOf("text", hash, source),
      origin,
      documents: textDocuments(id, () => source, text, context.counter, described),
    };
  }
}

/** Whether the first line is a text that nobody says. */
async function holdsTexts(path: string): Promise<boolean> {
  for await (const { value } of readJsonLines(path)) {
    const fields = typeof value === "object" && value !== null ? value : {};
    return "text" in fields && !("role" in fields || "speaker" in fields);
  }
  return false;
}
