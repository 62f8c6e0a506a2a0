/** Reading: ranked documents of one kind. */

import { conversationQuery, type Query, type Retrieved, type RetrieveOptions } from "../retrieve/index.ts";
import { RetrieveError } from "../std/index.ts";
import { type Filter, parseFilter } from "../store/index.ts";
import type { Message } from "./compose/prompt.ts";
import type { SearchOptions } from "./index-types.ts";
import type { KindName } from "./kind-names.ts";
import { fadeWithAge, scopeConditions } from "./memory/scope.ts";
import type { Session } from "./session.ts";

/** A question as the calls of an index take it: a text, or a conversation whose last user message is the question. */
export type Asked = string | readonly Message[];

/** The question itself. Throws `invalid_argument` where there is none. */
export function questionOf(asked: Asked): string {
  const question = typeof asked === "string" ? asked : asked.findLast(({ role }) => role === "user")?.content;
  if (question !== undefined && question.trim() !== "") return question;
  throw new RetrieveError(
    "invalid_argument",
    typeof asked === "string"
      ? "query: got an empty text, wanted a question or the text being written"
      : `query: got ${asked.length} messages without a question; wanted a last user message that is not empty`,
  );
}

/** Ranked documents; none where nothing was added to the kind. */
export async function searchKind(
  session: Session,
  asked: Asked,
  options: SearchOptions,
): Promise<Retrieved[]> {
  const { kind, topK = 10, halfLifeDays } = options;
  const { query, task } = queryFor(asked, options);
  const fades = kind === "memory" && halfLifeDays !== undefined;
  if (fades) checkHalfLife(halfLifeDays);
  const asking = retrieveOptions(options, fades ? topK * agedPool : topK, task);
  const collection = await session.folder.collection(kind);
  if (collection === undefined) return [];
  const found = await collection.search(query, asking);
  return fades ? fadeWithAge(found, halfLifeDays, Date.now()).slice(0, topK) : found;
}

/** How many times `topK` are looked at before age reorders them. */
const agedPool = 5;

/** Kinds whose right answer depends on what was said before. An example or a memory is near the last message itself. */
const conversational: readonly KindName[] = ["knowledge", "tools"];

function queryFor(
  asked: Asked,
  { kind, method }: SearchOptions,
): { readonly query: string | Query; readonly task?: string } {
  const question = questionOf(asked);
  if (typeof asked === "string" || !conversational.includes(kind)) return { query: question };
  const last = asked.findLastIndex(({ role }) => role === "user");
  const history = asked.slice(0, last).filter(({ role }) => role === "user" || role === "assistant");
  if (history.length === 0) return { query: question };
  const query = conversationQuery(
    history.map(({ content }) => content),
    question,
    method,
  );
  return kind === "knowledge" ? { query, task: "convsearch" } : { query };
}

function retrieveOptions(
  options: SearchOptions,
  topK: number,
  queryTask: string | undefined,
): RetrieveOptions {
  const { kind, method, diversity, minScore, signal, task = queryTask } = options;
  const conditions = [
    ...(options.filter === undefined ? [] : [readFilter(options.filter)]),
    ...(kind === "memory" ? scopeConditions(options) : []),
  ];
  return {
    topK,
    ...(conditions.length === 0 ? {} : { filter: { and: conditions } }),
    ...(method === undefined ? {} : { method }),
    ...(task === undefined ? {} : { task }),
    ...(diversity === undefined ? {} : { diversity }),
    ...(minScore === undefined ? {} : { minScore }),
    ...(signal === undefined ? {} : { signal }),
  };
}

function readFilter(filter: Filter | string): Filter {
  return typeof filter === "string" ? parseFilter(filter) : filter;
}

function checkHalfLife(days: number): void {
  if (days > 0) return;
  throw new RetrieveError("invalid_argument", `halfLifeDays: got ${days}, wanted a number of days above 0`);
}
