/** How the window of a language model is shared between prompt, results of tools and answer. */

import { RetrieveError } from "../../std/index.ts";
import type { AskOptions, Interval } from "../index-types.ts";

export interface Room {
  /** The window; undefined where the model does not tell. */
  readonly window: number | undefined;
  /** Of the composed prompt. */
  readonly prompt: number;
  /** New tokens of one generation. */
  readonly step: number;
  /** New tokens of the whole answer. */
  readonly answer: number;
  /** The end of the answer so far that stands in the prompt of the next step. */
  readonly recent: number;
  /** One result of a tool. */
  readonly result: number;
}

const defaultAnswer = 1024;
const defaultPrompt = 8000;
const defaultResult = 2000;
const defaultRounds = 5;

/** A sentence that is longer is searched for in parts. */
const longestSentence = 128;

/** Tokens that a chat template puts around a message, and around all. */
export const messageFrame = 8;
export const chatFrame = 16;

/** Throws `invalid_argument` for a number that is none, and for a window in which no prompt is left. */
export function roomFor(options: AskOptions, offersTools: boolean): Room {
  const { llm, every } = options;
  const window = llm.contextLength;
  checkWhole("answerTokens", options.answerTokens, 1);
  checkWhole("maxTokens", options.maxTokens, 1);
  checkWhole("maxRounds", options.maxRounds, 0);
  checkInterval(every);
  const answer =
    options.answerTokens ?? Math.min(defaultAnswer, Math.floor((window ?? Number.POSITIVE_INFINITY) / 4));
  const step = every === undefined ? answer : Math.min(answer, stepOf(every));
  if (window === undefined) {
    const recent = every === undefined ? 0 : Math.min(answer, defaultPrompt);
    return {
      window,
      prompt: options.maxTokens ?? defaultPrompt,
      step,
      answer,
      recent,
      result: defaultResult,
    };
  }
  const recent = every === undefined ? 0 : Math.min(answer, Math.floor(window / 4));
  const left = window - step - recent - chatFrame;
  const results = offersTools ? Math.floor(left / 3) : 0;
  const most = left - results;
  if (most < 1) {
    throw new RetrieveError(
      "invalid_argument",
      `answerTokens: got ${answer}, and ${llm.name} has a window of ${window} tokens, which leaves none for the prompt; lower answerTokens`,
    );
  }
  const prompt = Math.min(options.maxTokens ?? most, most);
  return { window, prompt, step, answer, recent, result: Math.min(defaultResult, results) };
}

export function roundsOf({ maxRounds = defaultRounds }: Pick<AskOptions, "maxRounds">): number {
  return maxRounds;
}

/** Most tokens between two searches. */
export function stepOf(every: Interval): number {
  return every === "sentence" ? longestSentence : every;
}

export function checkInterval(every: Interval | undefined): void {
  if (every === "sentence") return;
  checkWhole("every", every, 1);
}

export function checkWhole(name: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
  throw new RetrieveError(
    "invalid_argument",
    `${name}: got ${value}, wanted a whole number of at least ${least}`,
  );
}
