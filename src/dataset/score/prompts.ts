/**
 * The prompts of a row, one for each candidate, made to fit: a candidate is cut where it is too long, the question and
 * the answers never.
 */

import type { LanguageModel } from "../../llm/index.ts";
import { type OnNotice, RetrieveError } from "../../std/index.ts";
import { candidatesOf, type TrainingRow } from "../row.ts";
import type { PlacedRow } from "../row-batches.ts";
import type { Layout } from "./layout.ts";
import { createRuler, type Ruler } from "./ruler.ts";

export interface PromptOptions {
  readonly layout: Layout;
  /** Tokens that a candidate may have. */
  readonly maxKeyTokens: number;
  /** Of a long text: a candidate stands with the piece that follows it. */
  readonly task: string;
  /** Told when the first candidate is cut to fit the window. */
  readonly onNotice?: OnNotice | undefined;
}

export interface PromptWriter {
  readonly ruler: Ruler;
  /** A prompt for each candidate, or undefined where question and longest continuation alone exceed the window. */
  write(row: PlacedRow, continuations: readonly string[]): Promise<string[] | undefined>;
  /** The prompt as if there were no candidate; undefined where it exceeds the window with the longest continuation. */
  writeWithoutKey(row: PlacedRow, continuations: readonly string[]): Promise<string | undefined>;
  tell(onNotice: OnNotice): void;
}

/** Tokens that are kept free: the mark of the beginning, and what a merge over a border may cost. */
const slack = 2;

export function createPromptWriter(model: LanguageModel, options: PromptOptions): PromptWriter {
  const { layout, maxKeyTokens, task, onNotice } = options;
  const ruler = createRuler(model);
  const window = model.contextLength ?? Number.POSITIVE_INFINITY;
  const counts = { cut: 0, squeezed: 0 };

  const squeezed = (place: string): void => {
    if (counts.squeezed++ > 0) return;
    onNotice?.(`${place}: a candidate is cut to fit the window of ${window} tokens; the answers stay whole`);
  };
  const roomFor = async (continuations: readonly string[]): Promise<number> => {
    const lengths = await Promise.all(continuations.map((continuation) => ruler.count(continuation)));
    return window - Math.max(0, ...lengths) - slack;
  };
  const shorten = async (
    key: string,
    { place, room, ...fields }: Fields & { readonly place: string; readonly room: number },
  ): Promise<string | undefined> => {
    const short = await ruler.cut(key, maxKeyTokens);
    if (short.length < key.length) counts.cut++;
    const whole = layout.prompt({ ...fields, key: short });
    // A token has at least one byte.
    if (Buffer.byteLength(whole) <= room && ruler.exact) return whole;
    let left = await ruler.count(short);
    let prompt = whole;
    for (let over = (await ruler.count(prompt)) - room; over > 0; over = (await ruler.count(prompt)) - room) {
      if (prompt === whole) squeezed(place);
      left = Math.min(left - 1, left - over);
      if (left < 1) return undefined;
      prompt = layout.prompt({ ...fields, key: await ruler.cut(short, left) });
    }
    return prompt;
  };

  return {
    ruler,
    write: async ({ row, place }, continuations) => {
      const fields = { query: row.query, context: contextOf(row, place) };
      const room = await roomFor(continuations);
      const prompts: string[] = [];
      for (const key of keysOf(row, place, task)) {
        const prompt = await shorten(key, { ...fields, place, room });
        if (prompt === undefined) return undefined;
        prompts.push(prompt);
      }
      return prompts;
    },
    writeWithoutKey: async ({ row, place }, continuations) => {
      const prompt = layout.promptWithoutKey({ query: row.query, context: contextOf(row, place) });
      return (await ruler.count(prompt)) > (await roomFor(continuations)) ? undefined : prompt;
    },
    tell: (tellNotice) => {
      if (counts.cut > 0) tellNotice(`${counts.cut} candidates were cut to ${maxKeyTokens} tokens`);
      if (counts.squeezed > 0) {
        tellNotice(`${counts.squeezed} candidates were cut further, to fit the window of ${window} tokens`);
      }
    },
  };
}

interface Fields {
  readonly query: string;
  readonly context: string;
}

function contextOf({ others }: TrainingRow, place: string): string {
  const context = others?.["context"] ?? "";
  if (typeof context === "string") return context;
  throw new RetrieveError("invalid_data", `${place}: "context" is ${JSON.stringify(context)}; wanted a text`);
}

/**
 * The candidates as they stand in the prompt. A piece of a long text brings the one that follows it: of `continuations`,
 * aligned to the candidates, else the next candidate where they all stand in the order of the text, which they do where
 * none is labelled as positive.
 */
function keysOf(row: TrainingRow, place: string, task: string): string[] {
  const candidates = candidatesOf(row);
  if (task !== "lrlm") return [...candidates];
  const given = row.others?.["continuations"] ?? undefined;
  if (given === undefined) {
    return row.pos.length > 0
      ? [...candidates]
      : candidates.map((text, index) => text + (candidates[index + 1] ?? ""));
  }
  const isAligned = Array.isArray(given) && given.length === candidates.length;
  if (isAligned && given.every((text) => typeof text === "string")) {
    return candidates.map((text, index) => text + given[index]);
  }
  throw new RetrieveError(
    "invalid_data",
    `${place}: "continuations" is no list of ${candidates.length} texts; wanted the text after each candidate`,
  );
}
