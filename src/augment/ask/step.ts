/** One generation: its text as it comes, and what it ended with. */

import type { EndReason, GenerateInput, GenerateOptions, LanguageModel, ToolCall } from "../../llm/index.ts";

export interface Step {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  /** `length` also where a sentence ended it. */
  readonly reason: EndReason;
}

export interface StepOptions extends GenerateOptions {
  /** Ends after the first sentence. */
  readonly sentence: boolean;
  /** Leaves out the word that `maxTokens` may have cut: a chat that goes on from half a word begins it anew. */
  readonly wholeWords: boolean;
  readonly onText: (text: string) => void;
}

/** The end of a sentence with the space behind it; Chinese and Japanese have none. */
const sentenceEnd = /[.!?…]["'”’)\]]*\s+|[。！？]["'”’）」』]*|\n+/g;

export async function generateStep(
  llm: LanguageModel,
  input: GenerateInput,
  { sentence, wholeWords, onText, ...options }: StepOptions,
): Promise<Step> {
  let arrived = "";
  let text = "";
  let reason: EndReason = "stop";
  const calls: ToolCall[] = [];
  /** Undefined where the generation goes on. */
  const take = (added: string): Step | undefined => {
    arrived += added;
    const end = sentence ? endOfSentence(arrived, text.length) : undefined;
    emitTo(end ?? (wholeWords ? endOfWords(arrived) : arrived.length));
    return end === undefined ? undefined : { text, calls, reason: "length" };
  };
  const emitTo = (end: number): void => {
    const added = arrived.slice(text.length, end);
    text += added;
    if (added !== "") onText(added);
  };
  for await (const event of llm.generate(input, options)) {
    options.signal?.throwIfAborted();
    if (event.type === "toolCall") calls.push(event.call);
    if (event.type === "end") reason = event.reason;
    const ended = event.type === "text" ? take(event.text) : undefined;
    if (ended !== undefined) return ended;
  }
  options.signal?.throwIfAborted();
  const isCut = wholeWords && reason === "length" && text.trim() !== "";
  if (!isCut) emitTo(arrived.length);
  return { text, calls, reason };
}

/** Behind the last space. */
function endOfWords(text: string): number {
  return text.length - (/\S*$/.exec(text)?.[0].length ?? 0);
}

/** Where the first sentence of `text` ends, if it does so behind `from`. */
function endOfSentence(text: string, from: number): number | undefined {
  for (const { 0: mark, index } of text.matchAll(sentenceEnd)) {
    const end = index + mark.length;
    if (end > from && text.slice(0, end).trim() !== "") return end;
  }
  return undefined;
}
