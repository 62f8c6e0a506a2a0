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
  readonly onText: (text: string) => void;
}

/** The end of a sentence with the space behind it; Chinese and Japanese have none. */
const sentenceEnd = /[.!?…]["'”’)\]]*\s+|[。！？]["'”’）」』]*|\n+/g;

export async function generateStep(
  llm: LanguageModel,
  input: GenerateInput,
  { sentence, onText, ...options }: StepOptions,
): Promise<Step> {
  let text = "";
  let reason: EndReason = "stop";
  const calls: ToolCall[] = [];
  for await (const event of llm.generate(input, options)) {
    options.signal?.throwIfAborted();
    if (event.type === "toolCall") calls.push(event.call);
    if (event.type === "end") reason = event.reason;
    if (event.type !== "text") continue;
    const end = sentence ? endOfSentence(text + event.text, text.length) : undefined;
    const added = event.text.slice(0, end === undefined ? undefined : end - text.length);
    text += added;
    if (added !== "") onText(added);
    if (end !== undefined) return { text, calls, reason: "length" };
  }
  options.signal?.throwIfAborted();
  return { text, calls, reason };
}

/** Where the first sentence of `text` ends, if it does so behind `from`. */
function endOfSentence(text: string, from: number): number | undefined {
  for (const { 0: mark, index } of text.matchAll(sentenceEnd)) {
    const end = index + mark.length;
    if (end > from && text.slice(0, end).trim() !== "") return end;
  }
  return undefined;
}
