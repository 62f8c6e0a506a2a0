/** What the model is shown: found for the question, and found again while the answer is written. */

import type { ChatMessage } from "../../llm/index.ts";
import type {
  Augmented,
  Citation,
  KnowledgePiece,
  MemoryPiece,
  Pieces,
  PromptItem,
} from "../compose/prompt.ts";
import { findPieces, logRecalled, messagesOf, wantedKinds } from "../enrich.ts";
import type { AskOptions } from "../index-types.ts";
import type { KindName } from "../kind-names.ts";
import { normalize } from "../memory/turn.ts";
import type { Asked } from "../search.ts";
import type { Session } from "../session.ts";
import { shortenInput } from "./long-input.ts";
import { type OfferedTool, offerTools } from "./offer.ts";
import { composeWithin, countPrompt } from "./prompt-within.ts";
import type { Room } from "./room.ts";
import type { Ruler } from "./ruler.ts";
import { type GrowingText, openWorkingMemory, type WorkingMemory } from "./working-memory.ts";

export interface Context extends AsyncDisposable {
  /** What is shown now. */
  readonly messages: readonly ChatMessage[];
  /** The retrieved tools, found once; their schemas are a part of every prompt. */
  readonly offered: readonly OfferedTool[];
  /** A part of the answer that grows: what of it the prompt has no room for is found again as well. */
  part(): GrowingText;
  /**
   * Searches knowledge and memory for what is being written; what was found for the question stays a candidate.
   * Sources keep their numbers.
   */
  refresh(answer: string): Promise<void>;
  /** All that was shown, in the order in which it came. */
  items(): readonly PromptItem[];
  citations(): readonly Citation[];
}

const defaultTopK = 8;

/** The end of an answer that is searched for, in characters. */
const writtenLength = 300;

/** Kinds that are searched while an answer is written. */
const refreshed: readonly KindName[] = ["knowledge", "memory"];

export async function openContext(
  session: Session,
  asked: Asked,
  options: AskOptions,
  room: Room,
  ruler: Ruler,
): Promise<Context> {
  const { signal } = options;
  const memory = await openWorkingMemory(session, { task: "chat", signal });
  try {
    return await createContext(session, asked, options, { room, ruler, memory });
  } catch (error) {
    await memory[Symbol.asyncDispose]();
    throw error;
  }
}

interface Means {
  readonly room: Room;
  readonly ruler: Ruler;
  readonly memory: WorkingMemory;
}

async function createContext(
  session: Session,
  asked: Asked,
  options: AskOptions,
  { room, ruler, memory }: Means,
): Promise<Context> {
  const { conversation, topK = defaultTopK, method, onNotice } = options;
  const shorten = { limit: room.prompt, ruler, memory, conversation, onNotice };
  const { messages, searched, queries } = await shortenInput(session, messagesOf(asked), shorten);
  const shown = createShown();
  const show = async (pieces: Pieces, stored: readonly MemoryPiece[], limit: number): Promise<Augmented> => {
    const numbered = { ...pieces, knowledge: shown.numbered(pieces.knowledge ?? []) };
    const augmented = await composeWithin(messages, numbered, limit, ruler);
    shown.add(augmented.items, augmented.citations);
    logRecalled(session, { ...pieces, memory: stored }, augmented);
    return augmented;
  };
  const recall = (texts: readonly string[]): Promise<MemoryPiece[][]> =>
    Promise.all(texts.map((text) => memory.search(text, { topK, method })));
  const index = await findPieces(session, searched, options);
  const found = { ...index, memory: inTurns([...(await recall(queries)), index.memory ?? []], remembered) };
  let current = await show(found, index.memory ?? [], room.prompt);
  const offered = offerTools(current);
  const toolTokens = await countPrompt(ruler, [], current.tools);
  let parts = 0;
  return {
    get messages() {
      return current.messages;
    },
    offered,
    part: () => memory.text(`the answer so far, part ${++parts}`, ruler),
    refresh: async (answer) => {
      const query = answer.slice(-writtenLength);
      const kinds = wantedKinds(session, options).filter((kind) => refreshed.includes(kind));
      const news = await findPieces(session, query, { ...options, kinds });
      const own = await recall([query]);
      const stored = [...(news.memory ?? []), ...(index.memory ?? [])];
      const pieces = {
        examples: found.examples ?? [],
        knowledge: inTurns([news.knowledge ?? [], found.knowledge ?? []], ({ id }) => id),
        memory: inTurns([...own, news.memory ?? [], found.memory], remembered),
      };
      current = await show(pieces, stored, room.prompt - toolTokens);
    },
    items: shown.items,
    citations: shown.citations,
    [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose](),
  };
}

interface Shown {
  /** The passages with the numbers that they were shown under before; new ones follow on. */
  numbered(pieces: readonly KnowledgePiece[]): readonly KnowledgePiece[];
  add(items: readonly PromptItem[], citations: readonly Citation[]): void;
  items(): readonly PromptItem[];
  citations(): readonly Citation[];
}

function createShown(): Shown {
  const items = new Map<string, PromptItem>();
  const citations = new Map<string, Citation>();
  return {
    numbered: (pieces) => {
      let next = Math.max(0, ...[...citations.values()].map(({ number }) => number));
      return pieces.map((piece) => ({ ...piece, number: citations.get(piece.id)?.number ?? ++next }));
    },
    add: (added, cited) => {
      for (const item of added) {
        const key = `${item.kind} ${item.id}`;
        if (!items.has(key)) items.set(key, item);
      }
      for (const citation of cited) citations.set(citation.id, citation);
    },
    items: () => [...items.values()],
    citations: () => [...citations.values()],
  };
}

/** Several rankings as one: they take turns, since their scores do not compare, and what is in two stands once. */
function inTurns<Piece>(rankings: readonly (readonly Piece[])[], keyOf: (piece: Piece) => string): Piece[] {
  const longest = Math.max(...rankings.map(({ length }) => length));
  const merged = new Map<string, Piece>();
  for (let rank = 0; rank < longest; rank++) {
    for (const piece of rankings.flatMap((ranking) => ranking.slice(rank, rank + 1))) {
      const key = keyOf(piece);
      if (!merged.has(key)) merged.set(key, piece);
    }
  }
  return [...merged.values()];
}

/** The same turn or chunk may be kept in the index and for the call. */
function remembered({ said, parts }: MemoryPiece): string {
  return normalize((said ?? parts.slice(0, 1)).join("\n"));
}
