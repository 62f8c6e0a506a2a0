/** A prompt from messages and retrieved pieces within a budget of tokens. Pure: no model, no index, no clock. */

import { RetrieveError } from "../../std/index.ts";
import { type KindName, kindNames } from "../kind-names.ts";
import { markFor } from "./fence.ts";
import { type Conversation, gap, layOut, ruleFor, splitConversation } from "./layout.ts";
import type { Augmented, Citation, Message, PieceOf, Pieces, PromptItem } from "./prompt.ts";
import { formatSection, inOriginalOrder } from "./sections.ts";
import { type Claim, shareTokens } from "./share.ts";

export interface ComposeOptions {
  /** The contents of the messages together never exceed it, by `countTokens`. */
  readonly maxTokens: number;
  readonly countTokens: (text: string) => number;
  /**
   * Where the chosen tools stand: `prompt` (default) in the messages and in {@link Augmented.tools}, `field` in the
   * latter alone, for a request that carries them; their tokens count either way.
   */
  readonly toolsIn?: "prompt" | "field";
}

/**
 * The messages with as much of `pieces` as the budget holds.
 *
 * Always kept: leading system messages, and everything from the last user message on. The rest of the budget is
 * shared by {@link shareTokens} among knowledge, memory, examples, tools and the earlier conversation, in this
 * order. Each kind gives up its least relevant pieces first, the conversation its oldest messages; a piece larger
 * than all that is to be shared is passed over. Throws `invalid_argument` without a user message, or when what is
 * always kept exceeds `maxTokens`.
 */
export function composePrompt(
  messages: readonly Message[],
  pieces: Pieces,
  options: ComposeOptions,
): Augmented {
  const conversation = splitConversation(messages);
  const mark = markFor(JSON.stringify([messages, pieces]));
  const meter = createMeter(options.countTokens, mark);
  const isApart = options.toolsIn === "field";
  const bare = layOut(conversation, {}, 0, mark);
  const required = meter.messages(bare);
  if (required > options.maxTokens) throw tooLarge(required, options.maxTokens);

  let pot = options.maxTokens - required;
  while (pot > 0) {
    const chosen = choose(conversation, pieces, pot, meter);
    const shown = isApart ? { ...chosen.pieces, tools: [] } : chosen.pieces;
    const composed = layOut(conversation, shown, chosen.history, mark);
    const tokens = meter.messages(composed) + (isApart ? meter.section("tools", chosen.pieces) : 0);
    if (tokens <= options.maxTokens) return describe(composed, tokens, chosen.pieces, meter);
    // A tokenizer may count a whole as more than its parts: try again with less.
    pot -= Math.max(tokens - options.maxTokens, Math.ceil(pot / 32));
  }
  return describe(bare, required, {}, meter);
}

/** Counts; sections are counted again for each number of pieces that is tried, so texts are remembered. */
interface Meter {
  text(text: string): number;
  messages(messages: readonly Message[]): number;
  section(kind: KindName, pieces: Pieces): number;
  rule(pieces: Pieces): number;
}

function createMeter(countTokens: (text: string) => number, mark: string): Meter {
  const known = new Map<string, number>();
  const count = (text: string): number => {
    const tokens = known.get(text) ?? (text === "" ? 0 : countTokens(text));
    known.set(text, tokens);
    return tokens;
  };
  return {
    text: count,
    messages: (messages) => messages.reduce((sum, { content }) => sum + count(content), 0),
    section: (kind, pieces) => {
      const text = formatSection(kind, pieces, mark);
      return text === "" ? 0 : count(`${text}${gap}`);
    },
    rule: (pieces) => count(`${ruleFor(pieces, mark)}${gap}`),
  };
}

function tooLarge(required: number, maxTokens: number): RetrieveError {
  return new RetrieveError(
    "invalid_argument",
    `augment: the system messages and the last user message have ${required} tokens, maxTokens is ${maxTokens}; raise maxTokens or shorten the query`,
  );
}

interface Chosen {
  readonly pieces: Pieces;
  /** How many of the newest messages. */
  readonly history: number;
}

function choose(conversation: Conversation, pieces: Pieces, pot: number, meter: Meter): Chosen {
  const withPieces = kindNames.some((kind) => (pieces[kind] ?? []).length > 0);
  const budget = pot - (withPieces ? meter.rule(pieces) : 0);
  const fitting = eachKind(pieces, (kind, list) =>
    list.filter((piece) => meter.section(kind, { [kind]: [piece] }) <= budget),
  );
  const kinds = kindNames.filter((kind) => (fitting[kind] ?? []).length > 0);
  const history = historyClaim(conversation.history, meter);
  // Where nothing retrieved fits, the rule is not needed and its tokens are the conversation's.
  if (kinds.length === 0) return { pieces: {}, history: shareTokens(pot, [history])[0] ?? 0 };

  const claims = kinds.map(
    (kind): Claim => ({
      size: (fitting[kind] ?? []).length,
      cost: (taken) => meter.section(kind, firstOf(fitting, kind, taken)),
    }),
  );
  const counts = shareTokens(budget, history.size > 0 ? [...claims, history] : claims);
  return {
    pieces: eachKind(fitting, (kind, list) => list.slice(0, counts[kinds.indexOf(kind)] ?? 0)),
    history: counts[kinds.length] ?? 0,
  };
}

function historyClaim(history: readonly Message[], meter: Meter): Claim {
  const costs = [0];
  for (const { content } of history.toReversed()) costs.push((costs.at(-1) ?? 0) + meter.text(content));
  return { size: history.length, cost: (taken) => costs[taken] ?? 0 };
}

function eachKind(
  pieces: Pieces,
  change: <Kind extends KindName>(kind: Kind, list: readonly PieceOf[Kind][]) => readonly PieceOf[Kind][],
): Pieces {
  return {
    knowledge: change("knowledge", pieces.knowledge ?? []),
    memory: change("memory", pieces.memory ?? []),
    examples: change("examples", pieces.examples ?? []),
    tools: change("tools", pieces.tools ?? []),
  };
}

function firstOf(pieces: Pieces, kind: KindName, taken: number): Pieces {
  return { [kind]: (pieces[kind] ?? []).slice(0, taken) };
}

function describe(messages: readonly Message[], tokens: number, pieces: Pieces, meter: Meter): Augmented {
  const itemsOf = (kind: KindName): PromptItem[] =>
    (pieces[kind] ?? []).map(({ id, score }, index) => {
      const cost = (taken: number): number => meter.section(kind, firstOf(pieces, kind, taken));
      return { kind, id, score, tokens: cost(index + 1) - cost(index) };
    });
  const memoryOrder = inOriginalOrder(pieces.memory ?? []).map(({ id }) => id);
  const remembered = itemsOf("memory").toSorted(
    (left, right) => memoryOrder.indexOf(left.id) - memoryOrder.indexOf(right.id),
  );
  return {
    messages,
    tokens,
    items: [...itemsOf("tools"), ...remembered, ...itemsOf("knowledge"), ...itemsOf("examples").toReversed()],
    citations: (pieces.knowledge ?? []).map(
      ({ number, id, title, source }, index): Citation => ({
        number: number ?? index + 1,
        id,
        title,
        source,
      }),
    ),
    tools: (pieces.tools ?? []).map(({ schema }) => schema),
  };
}
