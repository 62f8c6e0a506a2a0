/**
 * Where things stand in a prompt, top to bottom:
 *
 * - one system message: the caller's, then the rule about the fences
 * - tools and memory, in front of the conversation that is kept: [retrieved chunks, current context]
 * - the kept conversation
 * - knowledge, then examples, in front of the last user message: [knowledge, query], [examples, instruction]
 */

import { RetrieveError } from "../../std/index.ts";
import type { KindName } from "../kind-names.ts";
import { fenceRule } from "./fence.ts";
import type { Message, Pieces } from "./prompt.ts";
import { formatSection } from "./sections.ts";

/** What stands between two sections of one message. */
export const gap = "\n\n";

/** The caller's messages by what may happen to them. */
export interface Conversation {
  /** The leading system messages as one text: kept. */
  readonly system: string;
  /** What may be left out, oldest first. */
  readonly history: readonly Message[];
  /** The last user message: kept. */
  readonly query: Message;
  /** What came after it, calls of tools and their results: kept. */
  readonly after: readonly Message[];
}

/** Throws `invalid_argument` where no message is the user's. */
export function splitConversation(messages: readonly Message[]): Conversation {
  const last = messages.findLastIndex(({ role }) => role === "user");
  const query = messages[last];
  if (query === undefined) {
    throw new RetrieveError(
      "invalid_argument",
      `augment: got ${messages.length} messages and none of role "user"; the last user message is what is asked`,
    );
  }
  const firstOther = messages.findIndex(({ role }) => role !== "system");
  const system = messages.slice(0, firstOther).map(({ content }) => content);
  return {
    system: system.join(gap),
    history: messages.slice(firstOther, last),
    query,
    after: messages.slice(last + 1),
  };
}

/** The messages with all of `pieces` and the newest `kept` messages of the history. */
export function layOut(conversation: Conversation, pieces: Pieces, kept: number, mark: string): Message[] {
  const front = sections(["tools", "memory"], pieces, mark);
  const near = sections(["knowledge", "examples"], pieces, mark);
  const rules = front.length + near.length > 0 ? [ruleFor(pieces, mark)] : [];
  const system = [conversation.system, ...rules].filter((text) => text !== "").join(gap);
  const spoken = [...newest(conversation.history, kept), inside(near, conversation.query)];
  return [
    ...(system === "" ? [] : [{ role: "system" as const, content: system }]),
    ...inFront(front, spoken),
    ...conversation.after,
  ];
}

/** What the system message says where any of `pieces` is put in. */
export function ruleFor(pieces: Pieces, mark: string): string {
  return fenceRule(mark, (pieces.knowledge ?? []).length > 0);
}

function sections(kinds: readonly KindName[], pieces: Pieces, mark: string): string[] {
  return kinds.map((kind) => formatSection(kind, pieces, mark)).filter((text) => text !== "");
}

/** The newest `kept` messages, without results of tools whose call was left out. */
function newest(history: readonly Message[], kept: number): readonly Message[] {
  const window = kept === 0 ? [] : history.slice(-kept);
  const start = window.findIndex(({ role }) => role !== "tool");
  return start === -1 ? [] : window.slice(start);
}

/** Inside the first message where it is the user's, since many models want roles to alternate; else before it. */
function inFront(texts: readonly string[], messages: readonly Message[]): readonly Message[] {
  const [first, ...rest] = messages;
  if (first === undefined || texts.length === 0) return messages;
  if (first.role === "user") return [inside(texts, first), ...rest];
  return [{ role: "user", content: texts.join(gap) }, ...messages];
}

function inside(texts: readonly string[], message: Message): Message {
  return texts.length === 0 ? message : { ...message, content: [...texts, message.content].join(gap) };
}
