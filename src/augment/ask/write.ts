/**
 * Retrieval inside generation, as LLM-Embedder does it for long texts: the prompt is [retrieved chunks in their original
 * order, the recent text], and the model goes on from it for some tokens until the text is searched for again.
 */

import { RetrieveError } from "../../std/index.ts";
import type { KnowledgePiece, MemoryPiece, PromptItem } from "../compose/prompt.ts";
import { mergeStretches } from "../compose/sections.ts";
import { findPieces } from "../enrich.ts";
import type { WriteOptions, Written } from "../index-types.ts";
import type { Session } from "../session.ts";
import { checkInterval, checkWhole, stepOf } from "./room.ts";
import { createRuler, type Ruler } from "./ruler.ts";
import { generateStep } from "./step.ts";
import { openWorkingMemory, type WorkingMemory } from "./working-memory.ts";

const defaultNewTokens = 256;
const defaultEvery = 64;
const defaultWindow = 2048;
const defaultTopK = 8;

/** Marks of beginning and end that a model adds. */
const textFrame = 4;

/** The end of the text that is searched for: a chunk, in characters. */
const queryLength = 600;

/** See `Index.write`. */
export async function write(session: Session, text: string, options: WriteOptions): Promise<Written> {
  const { llm, every = defaultEvery, newTokens = defaultNewTokens, onNotice, signal } = options;
  checkText(text);
  checkInterval(every);
  checkWhole("newTokens", newTokens, 1);
  const room = roomOf(options, Math.min(stepOf(every), newTokens));
  const ruler = createRuler(llm, onNotice);
  await using memory = await openWorkingMemory(session, { task: "lrlm", signal });
  const own = memory.text("text", ruler);
  const items = new Map<string, PromptItem>();
  let whole = text;
  let left = newTokens;
  for (let steps = 1; ; steps++) {
    signal?.throwIfAborted();
    const recent = await own.recent(whole, room.recent);
    const pieces = await findNear(session, memory, whole.slice(-queryLength), options);
    const prompt = await layOut(pieces, recent, room.prompt, ruler, items);
    const maxTokens = Math.min(room.step, left);
    const step = await generateStep(llm, { prompt }, { ...generation(options), maxTokens });
    whole += step.text;
    left -= await ruler.count(step.text);
    const isDone = step.reason !== "length" || step.text === "";
    if (isDone || left < 1) {
      const reason = isDone ? "stop" : "length";
      return { text: whole.slice(text.length), reason, steps, items: [...items.values()] };
    }
  }
}

interface TextRoom {
  readonly step: number;
  readonly prompt: number;
  /** Of the prompt: the end of the text. The rest is for what is found. */
  readonly recent: number;
}

const leastPrompt = 16;

function roomOf({ llm, window: wanted }: WriteOptions, step: number): TextRoom {
  checkWhole("window", wanted, 1);
  const most = llm.contextLength ?? Number.POSITIVE_INFINITY;
  const window = Math.min(wanted ?? llm.contextLength ?? defaultWindow, most);
  const prompt = window - step - textFrame;
  if (prompt >= leastPrompt) return { step, prompt, recent: Math.floor(prompt / 2) };
  throw new RetrieveError(
    "invalid_argument",
    `every: got ${step} tokens a step, and a window of ${window} leaves ${prompt} for the prompt, wanted at least ${leastPrompt}; lower every or raise window`,
  );
}

function checkText(text: string): void {
  if (text.trim() !== "") return;
  throw new RetrieveError("invalid_argument", "write: got an empty text, wanted its beginning");
}

function generation(options: WriteOptions): Omit<Parameters<typeof generateStep>[2], "maxTokens"> {
  const { temperature, seed, stop, signal, every, onText } = options;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stop }),
    ...(signal === undefined ? {} : { signal }),
    sentence: every === "sentence",
    // A bare text goes on from half a word.
    wholeWords: false,
    onText: (text) => onText?.(text),
  };
}

/** A found piece of either kind; the rankings are taken in turns, since their scores do not compare. */
type Near =
  | { readonly kind: "memory"; readonly piece: MemoryPiece }
  | { readonly kind: "knowledge"; readonly piece: KnowledgePiece };

async function findNear(
  session: Session,
  memory: WorkingMemory,
  query: string,
  options: WriteOptions,
): Promise<readonly Near[]> {
  const { topK = defaultTopK, method, kinds = ["knowledge", "memory"] } = options;
  const own = await memory.search(query, { topK, method });
  const index = await findPieces(session, query, { ...options, topK, kinds });
  const lists: readonly (readonly Near[])[] = [
    own.map((piece) => ({ kind: "memory", piece })),
    (index.memory ?? []).map((piece) => ({ kind: "memory", piece })),
    (index.knowledge ?? []).map((piece) => ({ kind: "knowledge", piece })),
  ];
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list[at] ?? [])).flat();
}

/** The prompt with as many of the nearest pieces as fit; those that do are added to `items`. */
async function layOut(
  pieces: readonly Near[],
  recent: string,
  limit: number,
  ruler: Ruler,
  items: Map<string, PromptItem>,
): Promise<string> {
  const chosen = await choose(pieces, recent, limit, ruler);
  for (const { kind, piece } of chosen) {
    const key = `${kind} ${piece.id}`;
    const text = kind === "memory" ? piece.parts.join(piece.between) : piece.text;
    if (!items.has(key)) {
      items.set(key, { kind, id: piece.id, score: piece.score, tokens: ruler.estimate(text) });
    }
  }
  return textOf(chosen, recent);
}

/** Estimates fill the prompt, a count corrects them, and they fill what is left; a count has the last word. */
async function choose(
  pieces: readonly Near[],
  recent: string,
  limit: number,
  ruler: Ruler,
): Promise<readonly Near[]> {
  let chosen: readonly Near[] = [];
  let scale = 1;
  for (let round = 0; round < 2; round++) {
    const filled = fill(pieces, (all) => scale * ruler.estimate(textOf(all, recent)) <= limit);
    const text = textOf(filled, recent);
    const tokens = await ruler.count(text);
    if (tokens > limit) break;
    chosen = filled;
    scale = tokens / ruler.estimate(text);
  }
  return chosen;
}

function fill(pieces: readonly Near[], fits: (chosen: readonly Near[]) => boolean): readonly Near[] {
  const chosen: Near[] = [];
  for (const near of pieces) if (fits([...chosen, near])) chosen.push(near);
  return chosen;
}

/** Bare texts, as a model has read them in training: passages, then what was written before, then the recent text. */
function textOf(chosen: readonly Near[], recent: string): string {
  const passages = chosen.flatMap(({ kind, piece }) =>
    kind === "knowledge" ? [`${piece.title}\n${piece.text}`.trim()] : [],
  );
  const remembered = chosen.flatMap(({ kind, piece }) => (kind === "memory" ? [piece] : []));
  const stretches = mergeStretches(remembered).map(({ parts, between }) => parts.join(between).trim());
  return [...passages, ...stretches, recent].join("\n\n");
}
