/** `/v1/completions`: texts that are continued, and texts whose tokens come back with their log-probabilities. */

import { randomUUID } from "node:crypto";
import type {
  ContinuationScore,
  EndReason,
  GenerateOptions,
  LanguageModel,
  ScoreOptions,
  Usage,
} from "../llm/index.ts";
import type { Reply, Request } from "./http.ts";
import { type CompletionRequest, parseCompletion } from "./parse.ts";
import { Refusal } from "./refusal.ts";

/** What a request without `max_tokens` gets, as at OpenAI. */
const defaultMaxTokens = 16;

/**
 * Answers a request. With `echo` and `logprobs` the tokens of the whole text come back, the first without a value as in
 * OpenAI's API, and with `max_tokens` 0 nothing is generated. Log-probabilities of what was generated are those that the
 * model gives to the text when it reads it.
 */
export async function complete(model: LanguageModel, id: string, { body, signal }: Request): Promise<Reply> {
  const request = parseCompletion(body);
  const head = { id: `cmpl-${randomUUID()}`, object: "text_completion", created: now(), model: id };
  const tellsTokens = request.logprobs != null;
  if (tellsTokens && model.score === undefined) {
    throw new Refusal(
      400,
      "logprobs: this model does not tell log-probabilities; leave them out",
      "logprobs",
    );
  }
  if (request.stream === true) {
    if (tellsTokens) throw new Refusal(400, "logprobs: not with stream; ask for one of them", "logprobs");
    return { events: stream(model, head, request, signal) };
  }
  const written = await Promise.all(
    request.prompt.map((prompt) => generateText(model, prompt, request, signal)),
  );
  const lists = tellsTokens ? await readTokens(model, request, written, signal) : [];
  const choices = written.map(({ text, reason }, index) => ({
    index,
    text: request.echo === true ? (request.prompt[index] ?? "") + text : text,
    logprobs: lists[index] ?? null,
    finish_reason: finishReason(reason),
  }));
  const usages = written.map(async ({ usage }, index) => {
    if (usage !== undefined) return usage;
    // A text that is only read is counted by its tokens.
    const promptTokens =
      lists[index]?.tokens.length ?? (await countTokens(model, request.prompt[index] ?? ""));
    return { promptTokens, outputTokens: 0 };
  });
  return { json: { ...head, choices, usage: formatUsage(await Promise.all(usages)) } };
}

export function now(): number {
  return Math.floor(Date.now() / 1000);
}

async function countTokens(model: LanguageModel, text: string): Promise<number> {
  return (await model.countTokens?.(text)) ?? 0;
}

interface Generated {
  readonly text: string;
  readonly reason: EndReason;
  /** Undefined where nothing was generated. */
  readonly usage: Usage | undefined;
}

async function generateText(
  model: LanguageModel,
  prompt: string,
  request: CompletionRequest,
  signal: AbortSignal,
): Promise<Generated> {
  const options = generateOptions(request, signal);
  if (options.maxTokens === 0) return { text: "", reason: "length", usage: undefined };
  let text = "";
  for await (const event of model.generate({ prompt }, options)) {
    if (event.type === "text") text += event.text;
    if (event.type === "end") return { text, reason: event.reason, usage: event.usage };
  }
  throw new Refusal(500, "the model ended without an end");
}

function generateOptions(request: CompletionRequest, signal: AbortSignal): GenerateOptions {
  const { max_tokens: limit, temperature, seed, stop } = request;
  return {
    maxTokens: limit ?? defaultMaxTokens,
    temperature: temperature ?? 1,
    ...(seed != null && { seed }),
    stop,
    signal,
  };
}

interface TokenLists {
  readonly tokens: readonly string[];
  readonly token_logprobs: readonly (number | null)[];
  /** In code points, as Python counts. */
  readonly text_offset: readonly number[];
  readonly top_logprobs: null;
}

/** Tokens of each text. Echoed texts go to the model in one call, so that it can read them together. */
async function readTokens(
  model: LanguageModel,
  { prompt: prompts, echo }: CompletionRequest,
  written: readonly Generated[],
  signal: AbortSignal,
): Promise<readonly TokenLists[]> {
  const score = async (
    prompt: string,
    texts: readonly string[],
    options?: ScoreOptions,
  ): Promise<readonly ContinuationScore[]> =>
    (await model.score?.(prompt, texts, { signal, ...options })) ?? [];
  if (echo === true) {
    const scores = await score(
      "",
      written.map(({ text }, index) => (prompts[index] ?? "") + text),
      { zeroFirst: true }, // which is not told
    );
    return scores.map((one) => tokenLists(one, 0, true));
  }
  const scores = written.map(async ({ text }, index) => {
    const prompt = prompts[index] ?? "";
    const [one = { tokens: [], logProbabilities: [] }] = text === "" ? [] : await score(prompt, [text]);
    return tokenLists(one, [...prompt].length, false);
  });
  return await Promise.all(scores);
}

/** `start`: where the first token stands. Nothing stands before the first token of an echo, which so has no value. */
function tokenLists(
  { tokens, logProbabilities }: ContinuationScore,
  start: number,
  isEcho: boolean,
): TokenLists {
  let end = start;
  const text_offset = tokens.map((token) => {
    const offset = end;
    end += [...token].length;
    return offset;
  });
  const token_logprobs = logProbabilities.map((value, index) => (isEcho && index === 0 ? null : value));
  return { tokens, token_logprobs, text_offset, top_logprobs: null };
}

async function* stream(
  model: LanguageModel,
  head: object,
  request: CompletionRequest,
  signal: AbortSignal,
): AsyncGenerator<unknown> {
  const options = generateOptions(request, signal);
  const usages: Usage[] = [];
  const part = (index: number, text: string, finish_reason: string | null): object => ({
    ...head,
    choices: [{ index, text, logprobs: null, finish_reason }],
  });
  for (const [index, prompt] of request.prompt.entries()) {
    if (request.echo === true) yield part(index, prompt, null);
    if (options.maxTokens === 0) {
      yield part(index, "", "length");
      usages.push({ promptTokens: await countTokens(model, prompt), outputTokens: 0 });
      continue;
    }
    for await (const event of model.generate({ prompt }, options)) {
      if (event.type === "text") yield part(index, event.text, null);
      if (event.type !== "end") continue;
      yield part(index, "", finishReason(event.reason));
      usages.push(event.usage);
    }
  }
  if (request.stream_options?.include_usage === true)
    yield { ...head, choices: [], usage: formatUsage(usages) };
}

export function finishReason(reason: EndReason): string {
  return reason === "toolCalls" ? "tool_calls" : reason;
}

export function formatUsage(usages: readonly Usage[]): object {
  const prompt_tokens = usages.reduce((sum, { promptTokens }) => sum + promptTokens, 0);
  const completion_tokens = usages.reduce((sum, { outputTokens }) => sum + outputTokens, 0);
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}
