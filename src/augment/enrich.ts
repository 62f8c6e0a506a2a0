/** A prompt enriched from the index: search every kind, then compose. */

import type { Retrieved } from "../retrieve/index.ts";
import { RetrieveError } from "../std/index.ts";
import { type ComposeOptions, composePrompt } from "./compose/compose.ts";
import type { Augmented, KnowledgePiece, Message, PieceOf, Pieces } from "./compose/prompt.ts";
import { focusPassages } from "./focus.ts";
import type { AugmentOptions, SearchOptions } from "./index-types.ts";
import { type KindName, kindNames } from "./kind-names.ts";
import { kinds } from "./kinds/all.ts";
import { normalize } from "./memory/turn.ts";
import { type Asked, questionOf, searchKind } from "./search.ts";
import { checkKind, type Session } from "./session.ts";

const defaultMaxTokens = 2000;
const defaultTopK = 8;

/** The messages of `asked` with what the index knows about them. */
export async function enrich(
  session: Session,
  asked: Asked,
  options: AugmentOptions = {},
): Promise<Augmented> {
  questionOf(asked);
  const { maxTokens = defaultMaxTokens } = options;
  if (!(maxTokens >= 1)) {
    throw new RetrieveError("invalid_argument", `maxTokens: got ${maxTokens}, wanted a number of at least 1`);
  }
  const found = await findPieces(session, asked, options);
  const countTokens = options.countTokens ?? (await defaultCounter(session));
  const augmented = composeFound(messagesOf(asked), found, { maxTokens, countTokens });
  logRecalled(session, found, augmented);
  return augmented;
}

/** What is asked as messages. */
export function messagesOf(asked: Asked): readonly Message[] {
  return typeof asked === "string" ? [{ role: "user", content: asked }] : asked;
}

/** A prompt in which memory does not repeat what the kept messages say: what was just said is often the nearest. */
export function composeFound(
  messages: readonly Message[],
  found: Pieces,
  options: ComposeOptions,
): Augmented {
  const augmented = composePrompt(messages, found, options);
  const kept = messages.filter(({ content }) =>
    augmented.messages.some((message) => message.content.endsWith(content)),
  );
  const said = new Set(kept.map(({ content }) => normalize(content)));
  const remembered = found.memory ?? [];
  const news = remembered.filter(
    ({ said: turns }) => turns === undefined || !turns.every((turn) => said.has(normalize(turn))),
  );
  if (news.length === remembered.length) return augmented;
  return composePrompt(messages, { ...found, memory: news }, options);
}

/** Those of `options.kinds` that the index holds; all that it holds where none are named. */
export function wantedKinds(
  session: Session,
  { kinds: named }: Pick<AugmentOptions, "kinds">,
): readonly KindName[] {
  for (const kind of named ?? []) checkKind(kind);
  const held = session.folder.list().map(({ name }) => name);
  return kindNames.filter((kind) => held.includes(kind) && (named?.includes(kind) ?? true));
}

/** What the index has for a question: the nearest of each wanted kind that it holds, most relevant first. */
export async function findPieces(session: Session, asked: Asked, options: AugmentOptions): Promise<Pieces> {
  const wanted = wantedKinds(session, options);
  const find = async <Kind extends KindName>(kind: Kind): Promise<readonly PieceOf[Kind][]> => {
    if (!wanted.includes(kind)) return [];
    const found: readonly Retrieved[] = await searchKind(session, asked, searchOptions(kind, options));
    return kinds[kind].present(found);
  };
  return {
    knowledge: await focused(session, await find("knowledge"), asked, options),
    memory: await find("memory"),
    examples: await find("examples"),
    tools: await find("tools"),
  };
}

function searchOptions(kind: KindName, options: AugmentOptions): SearchOptions {
  const { topK = defaultTopK, filter, countTokens, focus, kinds: _kinds, maxTokens, ...rest } = options;
  return { ...rest, kind, topK, ...(filter === undefined || kind === "memory" ? {} : { filter }) };
}

async function focused(
  session: Session,
  pieces: readonly KnowledgePiece[],
  asked: Asked,
  { focus, signal }: AugmentOptions,
): Promise<readonly KnowledgePiece[]> {
  if (focus !== true || pieces.length === 0) return pieces;
  return await focusPassages(pieces, questionOf(asked), await session.folder.encoder(), signal);
}

async function defaultCounter(session: Session): Promise<(text: string) => number> {
  const { tokenizer } = await session.folder.encoder();
  return (text) => tokenizer.count(text);
}

/** Tells memory what of the index stood in a prompt, as a model might repeat it: that is not to be stored again. */
export function logRecalled({ recalled }: Session, pieces: Pieces, { items }: Augmented): void {
  const used = new Set(items.map(({ kind, id }) => `${kind} ${id}`));
  recalled.add([
    ...(pieces.knowledge ?? []).filter(({ id }) => used.has(`knowledge ${id}`)).map(({ text }) => text),
    ...(pieces.memory ?? [])
      .filter(({ id }) => used.has(`memory ${id}`))
      .map(({ parts, between }) => parts.join(between)),
    ...(pieces.examples ?? []).filter(({ id }) => used.has(`examples ${id}`)).map(({ output }) => output),
  ]);
}
