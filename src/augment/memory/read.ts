/** Memory from files and records: long texts, turns as JSON Lines, whole conversations. */

import {
  placeOf,
  readRecords,
  readTurns,
  type SourceDocument,
  type SourceRecord,
  type TurnRow,
} from "../../retrieve/index.ts";
import { readJsonLines } from "../../std/index.ts";
import { hashOf } from "../fields.ts";
import type { Turn } from "../index-types.ts";
import type { ReadContext } from "../kinds/kind.ts";
import { createGate } from "./gate.ts";
import { type KeptTurn, parseTurn, turnKey } from "./turn.ts";
import { readUnit, textDocuments, turnDocuments } from "./unit.ts";

/** A long text as one record of chunks. */
export function documentRecord(document: SourceDocument, origin: string, context: ReadContext): SourceRecord {
  const { path, title, text, hash } = document;
  return {
    id: path,
    hash: hashOf("text", hash, path),
    origin,
    documents: textDocuments(path, (chunk) => placeOf(document, chunk), text, context.counter, { title }),
  };
}

/** JSON Lines: turns, of which those of one conversation become one record; or long texts, where no line says who speaks. */
export async function* readLines(
  path: string,
  origin: string,
  context: ReadContext,
): AsyncGenerator<SourceRecord> {
  if (await holdsTexts(path)) yield* readTexts(path, origin, context);
  else yield* readConversations(path, origin, context);
}

/** Turns given in memory: those of one conversation become one record, named by its first turn. */
export async function* readGivenTurns(
  given: readonly Turn[],
  context: ReadContext,
): AsyncGenerator<SourceRecord> {
  const turns = given.map((turn, index) => {
    const { conversation = "default", ...rest } = parseTurn(turn, `turn ${index + 1}`);
    return { ...rest, conversation };
  });
  for (const { name, user, turns: spoken } of byConversation(turns)) {
    const id = `${name}/${spoken.slice(0, 1).map(turnKey).join("").slice(0, 8)}`;
    yield await conversationRecord({ id, name, user, source: name, turns: spoken }, "turns", context);
  }
}

async function* readConversations(
  path: string,
  origin: string,
  context: ReadContext,
): AsyncGenerator<SourceRecord> {
  const rows: TurnRow[] = [];
  for await (const row of readTurns(path)) {
    context.signal?.throwIfAborted();
    rows.push(row);
  }
  const turns = rows.map(({ time, session, source, ...row }) => ({
    ...row,
    ...(time === undefined ? {} : { time: new Date(time).toISOString() }),
    // A file of whole conversations names them; a log of turns may be one of several for a conversation.
    record:
      session !== undefined
        ? row.conversation
        : row.conversation === "default"
          ? path
          : `${path}/${row.conversation}`,
    source,
  }));
  for (const { name, user, turns: spoken } of byConversation(turns)) {
    const [first] = spoken;
    if (first === undefined) continue;
    const kept = spoken.map(({ id, role, text, time }) => ({
      id,
      role,
      text,
      ...(time === undefined ? {} : { time }),
    }));
    const conversation = { id: first.record, name, user, source: first.source, turns: kept };
    yield await conversationRecord(conversation, origin, context);
  }
}

/** What a conversation was read from. */
interface ConversationSource {
  readonly id: string;
  readonly name: string;
  readonly user: string | undefined;
  readonly source: string;
  readonly turns: readonly KeptTurn[];
}

/** Without documents where other records of the conversation hold every turn. */
async function conversationRecord(
  { id, name, user, source, turns }: ConversationSource,
  origin: string,
  context: ReadContext,
): Promise<SourceRecord> {
  const gate = createGate(await turnsElsewhere(name, id, context), context.recalled);
  const admitted = turns.flatMap((turn) => gate.admit(turn) ?? []);
  const stretch = {
    conversation: name,
    ...(user === undefined ? {} : { user }),
    of: id,
    source,
    turns: admitted,
  };
  return {
    id,
    hash: hashOf("turns", stretch),
    origin,
    documents: turnDocuments(stretch, (index) => `${id}#${index}`),
  };
}

/** The turns of a conversation that records other than `id` hold. */
async function turnsElsewhere(name: string, id: string, context: ReadContext): Promise<KeptTurn[]> {
  const turns: KeptTurn[] = [];
  for await (const found of context.stored({ field: "conversation", op: "=", value: name })) {
    if (!found.id.startsWith(`${id}#`)) turns.push(...readUnit(found.value, found.id).turns);
  }
  return turns;
}

interface Grouped<Spoken> {
  readonly name: string;
  readonly user: string | undefined;
  readonly turns: Spoken[];
}

function byConversation<Spoken extends { readonly conversation: string; readonly user?: string }>(
  turns: readonly Spoken[],
): Grouped<Spoken>[] {
  const conversations = new Map<string, Grouped<Spoken>>();
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
