/** Input longer than the prompt: it is chunked, encoded and kept as memory for the call, and a short form goes on. */

import { sentences } from "../../retrieve/index.ts";
import type { OnNotice } from "../../std/index.ts";
import { splitConversation } from "../compose/layout.ts";
import type { Message } from "../compose/prompt.ts";
import { normalize } from "../memory/turn.ts";
import { readUnit } from "../memory/unit.ts";
import type { Session } from "../session.ts";
import { messageFrame } from "./room.ts";
import type { Ruler } from "./ruler.ts";
import type { WorkingMemory } from "./working-memory.ts";

/** Names of what is kept, as they stand above quoted parts. */
const longMessage = "this message";
const earlierTurns = "this conversation";

export interface ShortenOptions {
  /** Tokens of the whole prompt. */
  readonly limit: number;
  readonly ruler: Ruler;
  readonly memory: WorkingMemory;
  /** Turns that the index has of it are found there and not encoded again. */
  readonly conversation?: string | undefined;
  readonly onNotice?: OnNotice | undefined;
}

/** What goes on in the place of long input. */
export interface Shortened {
  /** What the model is shown. */
  readonly messages: readonly Message[];
  /** What is searched for, in the same messages. */
  readonly searched: readonly Message[];
  /** What is searched for in memory: of a long message its end and its beginning, which may be about different things. */
  readonly queries: readonly string[];
}

/**
 * The messages with a last user message that leaves room for what is found. Of a longer one, beginning and end stay:
 * that is where a question stands. Turns before it are kept as memory where not all of them fit.
 */
export async function shortenInput(
  session: Session,
  messages: readonly Message[],
  { limit, ruler, memory, conversation, onNotice }: ShortenOptions,
): Promise<Shortened> {
  const { query, history } = splitConversation(messages);
  const tokens = await ruler.count(query.content);
  const isLong = tokens > limit / 2;
  if (isLong) {
    onNotice?.(
      `the question has ${tokens} tokens, more than half of a prompt of ${limit}: it is kept as memory for this call, and its parts that matter are shown`,
    );
  }
  const spoken = history.filter(({ role, content }) => isSpoken(role) && content.trim() !== "");
  const room = limit - Math.min(tokens, limit / 2);
  const said = await ruler.count(spoken.map(({ content }) => content).join("\n"));
  if (said + spoken.length * messageFrame > room) {
    const known = await storedTexts(session, conversation);
    const turns = spoken.map(({ role, content }) => ({ role, text: content }));
    await memory.addTurns(
      earlierTurns,
      turns.filter(({ text }) => !known.has(normalize(text))),
    );
  }
  const queries = isLong ? edgesOf(query.content) : [query.content];
  const short = isLong ? await shortenMessage(query.content, limit, ruler, memory) : query.content;
  const withLast = (content: string): readonly Message[] =>
    messages.map((message) => (message === query ? { ...message, content } : message));
  return { messages: withLast(short), searched: withLast(queries.join("\n")), queries };
}

/** What is neither at the beginning nor at the end is kept as chunks; together they are the whole. */
async function shortenMessage(
  content: string,
  limit: number,
  ruler: Ruler,
  memory: WorkingMemory,
): Promise<string> {
  const each = Math.floor(limit / 6);
  const start = await ruler.head(content, each);
  const end = await memory.text(longMessage, ruler).recent(content.slice(start.length), each);
  return `${start}\n[…] (the middle is left out; the parts of it that matter are quoted as ${longMessage})\n${end}`;
}

/** A question has a sentence or two; more of them and what stands around it would be searched for. */
const edgeSentences = 2;
const edgeLength = 300;

/** The last sentences, then the first ones. */
function edgesOf(content: string): readonly string[] {
  const textsOf = (part: string): string[] => sentences(part).map(({ text }) => text);
  const last = textsOf(content.slice(-2 * edgeLength)).slice(-edgeSentences);
  const first = textsOf(content.slice(0, 2 * edgeLength)).slice(0, edgeSentences);
  return [last.join(" ").slice(-edgeLength), first.join(" ").slice(0, edgeLength)];
}

function isSpoken(role: Message["role"]): boolean {
  return role === "user" || role === "assistant";
}

async function storedTexts(
  { folder }: Session,
  conversation: string | undefined,
): Promise<ReadonlySet<string>> {
  const collection = conversation === undefined ? undefined : await folder.collection("memory");
  const texts = new Set<string>();
  if (collection === undefined) return texts;
  const filter = { field: "conversation", op: "=", value: conversation ?? "" } as const;
  for await (const { id, value } of collection.iterate({ filter })) {
    for (const { text } of readUnit(value, id).turns) texts.add(normalize(text));
  }
  return texts;
}
