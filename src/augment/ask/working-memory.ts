/**
 * Memory for the time of one call: what does not fit into the window and belongs to nobody's index. It is kept as the
 * memory of an index is (a chunk as the key, the chunk and the next as the value) and is gone when the call ends.
 */

import type { TaskName } from "../../encoder/index.ts";
import {
  type Collection,
  chunkByTokens,
  type Document,
  openCollection,
  type SearchMethod,
  type SourceRecord,
  type TokenCounter,
} from "../../retrieve/index.ts";
import { openExactStore } from "../../store/index.ts";
import type { MemoryPiece } from "../compose/prompt.ts";
import type { KeptTurn } from "../memory/turn.ts";
import { chunkTokens, documentRecord, memoryPiece, turnDocuments } from "../memory/unit.ts";
import type { Session } from "../session.ts";
import type { Ruler } from "./ruler.ts";

export interface WorkingMemory extends AsyncDisposable {
  /** Turns of one conversation, oldest first. */
  addTurns(of: string, turns: readonly KeptTurn[]): Promise<void>;
  /** A text that grows at its end; its chunks are named `OF#n`. */
  text(of: string, ruler: Ruler): GrowingText;
  /** What is nearest to `query`, each chunk with the one after it. */
  search(query: string, options: RecallOptions): Promise<MemoryPiece[]>;
}

export interface RecallOptions {
  readonly topK: number;
  readonly method?: SearchMethod | undefined;
}

export interface GrowingText {
  /**
   * The end of `text` that stays in the window, at most `limit` tokens. The chunks before it are stored. `text` must
   * begin with what was given the last time.
   */
  recent(text: string, limit: number): Promise<string>;
}

export interface WorkingMemoryOptions {
  /** The instruction pair of both sides. */
  readonly task: TaskName;
  readonly signal?: AbortSignal | undefined;
}

/** Costs nothing until something is added. */
export async function openWorkingMemory(
  { folder }: Session,
  { task, signal }: WorkingMemoryOptions,
): Promise<WorkingMemory> {
  const encoder = await folder.encoder();
  const collection = openCollection({
    store: openExactStore({ dimensions: encoder.dimensions }),
    encoder: async () => encoder,
    task,
  });
  const abortable = signal === undefined ? {} : { signal };
  const chunks = new Map<string, string[]>();
  let isEmpty = true;
  const put = async (documents: readonly Document[]): Promise<void> => {
    if (documents.length === 0) return;
    const records = documents.map((document): SourceRecord => documentRecord(document, "call"));
    await collection.put(records, abortable);
    isEmpty = false;
  };
  return {
    addTurns: (of, turns) =>
      put(turnDocuments({ conversation: of, of, turns }, (at) => ({ id: `${of}#${at}`, source: of }))),
    text: (of, ruler) => {
      const own: string[] = [];
      chunks.set(of, own);
      return growingText(ruler, encoder.tokenizer, async (added) => {
        const start = own.length;
        own.push(...added);
        await put(added.map((text, at) => chunkDocument(of, start + at, text)));
      });
    },
    search: async (query, options) =>
      isEmpty ? [] : recall(collection, chunks, query, { ...options, ...abortable }),
    [Symbol.asyncDispose]: () => collection.close(),
  };
}

/** The chunk after a found one may have been added later than it, so it is looked up when it is read. */
async function recall(
  collection: Collection,
  chunks: ReadonlyMap<string, readonly string[]>,
  query: string,
  { topK, method, signal }: RecallOptions & { readonly signal?: AbortSignal },
): Promise<MemoryPiece[]> {
  const found = await collection.search(query, {
    topK,
    ...(method === undefined ? {} : { method }),
    ...(signal === undefined ? {} : { signal }),
  });
  return found.map((hit) => {
    const piece = memoryPiece(hit, hit.score);
    const next = chunks.get(piece.of)?.[piece.start + 1];
    return next === undefined ? piece : { ...piece, parts: [...piece.parts, next] };
  });
}

function chunkDocument(of: string, start: number, text: string): Document {
  return {
    id: `${of}#${start}`,
    text: text.trim(),
    value: { of, start, text, next: "" },
    source: of,
    metadata: {},
  };
}

/** Stored chunks end where the kept rest begins: no word is in neither. */
function growingText(
  ruler: Ruler,
  counter: TokenCounter,
  store: (chunks: readonly string[]) => Promise<void>,
): GrowingText {
  let stored = 0;
  return {
    recent: async (text, limit) => {
      const rest = text.slice(stored);
      if ((await ruler.count(rest)) <= limit) return rest;
      // Small windows have small chunks: four pairs of them are as long as the text that stays.
      const size = Math.max(8, Math.min(chunkTokens, Math.floor(limit / 8)));
      const cut = chunkByTokens(rest, counter, size);
      const kept = await ruler.tail(rest, limit);
      const first = cut.findIndex(({ start }) => start >= rest.length - kept.length);
      const from = first === -1 ? Math.max(0, cut.length - 1) : first;
      const border = cut[from]?.start ?? rest.length;
      // Each stored chunk reaches to the start of the next one: the space between two belongs to the former.
      const starts = cut.slice(0, from).map(({ start }, at) => (at === 0 ? 0 : start));
      await store(starts.map((start, at) => rest.slice(start, starts[at + 1] ?? border)));
      stored += border;
      return ruler.tail(rest.slice(border), limit);
    },
  };
}
