/** A bare text continued, token by token. */

import type { LlamaContextSequence, Token } from "node-llama-cpp";
import { RetrieveError } from "../../std/index.ts";
import { interrupted } from "../interrupted.ts";
import type { EndReason, GenerateEvent, GenerateOptions } from "../language-model.ts";
import type { LlamaContextOf } from "./score.ts";
import { readUpTo } from "./sequences.ts";
import { tokensOf } from "./tokens.ts";

/** Streams the continuation; ends at the model's end, a stop text, `maxTokens`, or where the window is full. */
export async function* continueText(
  context: LlamaContextOf,
  prompt: string,
  options: GenerateOptions,
): AsyncGenerator<GenerateEvent> {
  const { model, sequences, window } = context;
  const { maxTokens = Number.POSITIVE_INFINITY, stop = [], signal } = options;
  const tokens = promptTokens(context, prompt);
  const { sequence, release } = await sequences.take(tokens, signal);
  let isSound = false;
  try {
    const text = createStopper(stop);
    const output: Token[] = [];
    const limit = Math.min(maxTokens, window - tokens.length);
    let reason: EndReason = limit > 0 ? "stop" : "length";
    for await (const token of limit > 0 ? tokensAfter(context, sequence, tokens, options) : []) {
      output.push(token);
      const shown = text.push(model.detokenize(output, false, tokens.slice(-4)));
      if (shown !== "") yield { type: "text", text: shown };
      if (text.isStopped()) break;
      if (output.length < limit) continue;
      reason = "length";
      break;
    }
    const held = text.rest();
    if (held !== "") yield { type: "text", text: held };
    isSound = true;
    yield { type: "end", reason, usage: { promptTokens: tokens.length, outputTokens: output.length } };
  } finally {
    await release(isSound);
  }
}

function promptTokens({ model, window }: LlamaContextOf, prompt: string): Token[] {
  const tokens = tokensOf(model, prompt);
  if (tokens.length === 0)
    throw new RetrieveError("invalid_argument", "generate: got an empty prompt, wanted a text");
  if (tokens.length < window) return tokens;
  throw new RetrieveError(
    "invalid_argument",
    `the prompt is ${tokens.length} tokens and the window holds ${window}, with the output; shorten the prompt`,
  );
}

/** Up to the model's own end. */
async function* tokensAfter(
  { model }: LlamaContextOf,
  sequence: LlamaContextSequence,
  tokens: readonly Token[],
  { temperature = 0, seed, signal }: GenerateOptions,
): AsyncGenerator<Token> {
  await readUpTo(sequence, tokens.slice(0, -1), signal);
  const sampling = { temperature, ...(seed !== undefined && { seed }) };
  for await (const token of sequence.evaluate(tokens.slice(-1), sampling)) {
    if (signal?.aborted) throw interrupted(signal);
    if (model.isEogToken(token)) return;
    yield token;
  }
}

/** Gives out what can be no part of a stop text, nor of a character that is not complete. */
interface Stopper {
  /** The text so far; gives what is new and safe. */
  push(whole: string): string;
  isStopped(): boolean;
  /** What was held back for a stop text that did not come. */
  rest(): string;
}

export function createStopper(stop: readonly string[]): Stopper {
  let [text, given, isStopped] = ["", 0, false];
  const upTo = (end: number): string => {
    const shown = text.slice(given, Math.max(given, end));
    given = Math.max(given, end);
    return shown;
  };
  return {
    push(whole) {
      text = whole;
      const found = stop.map((word) => text.indexOf(word)).filter((at) => at >= 0);
      if (found.length > 0) {
        isStopped = true;
        text = text.slice(0, Math.min(...found));
        return upTo(text.length);
      }
      return upTo(safeEnd(text, stop));
    },
    isStopped: () => isStopped,
    rest: () => upTo(text.length),
  };
}

/** Where the end of `text` might be the begin of a stop text, or of a character. */
function safeEnd(text: string, stop: readonly string[]): number {
  const whole = text.replace(/\ufffd+$/, "").length;
  const longest = Math.max(0, ...stop.map((word) => word.length - 1));
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    const end = text.slice(-length);
    if (stop.some((word) => word.startsWith(end))) return Math.min(whole, text.length - length);
  }
  return whole;
}
