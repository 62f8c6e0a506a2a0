/**
 * A language model that follows a script: a real implementation of the contract, for what is built on it. A token is a
 * word with the space before it. A prompt that does not fit into the window beside the new tokens is refused, as a server
 * does.
 */

import type {
  ChatMessage,
  GenerateEvent,
  GenerateInput,
  GenerateOptions,
  LanguageModel,
  ToolCall,
} from "#src/llm/index.js";
import { RetrieveError } from "#src/std/index.js";

/** What the model does when it is asked. */
export interface Reply {
  readonly text?: string;
  /** Name and arguments as the model writes them. */
  readonly calls?: readonly (readonly [name: string, args: string])[];
  /** Thrown after the text. */
  readonly error?: Error;
  /** Called with the number of words that came, after each. */
  readonly onWord?: (count: number) => void;
}

export interface Asked {
  readonly input: GenerateInput;
  readonly options: GenerateOptions;
  readonly messages: readonly ChatMessage[];
  /** All that the model was shown, as one text. */
  readonly shown: string;
  readonly promptTokens: number;
}

export interface ScriptedModel extends LanguageModel {
  /** Each request, in order. */
  readonly asked: readonly Asked[];
}

export interface ScriptedModelOptions {
  readonly contextLength?: number;
  readonly canCallTools?: boolean;
  readonly canCount?: boolean;
  /** Tokens of a prompt; default its words. */
  readonly count?: (text: string) => number;
}

export function scriptedModel(
  script: readonly (Reply | ((asked: Asked) => Reply))[] | ((asked: Asked) => Reply),
  options: ScriptedModelOptions = {},
): ScriptedModel {
  const { contextLength, canCallTools = true, canCount = true, count = countWords } = options;
  const asked: Asked[] = [];
  let calls = 0;
  return {
    name: "scripted",
    contextLength,
    parallel: 1,
    asked,
    generate: async function* (input, given = {}) {
      if (given.tools !== undefined && !canCallTools)
        throw new RetrieveError("unsupported", "scripted: no tools here");
      const request = read(input, given, count);
      checkWindow(request, contextLength);
      asked.push(request);
      const entry = typeof script === "function" ? script : script[asked.length - 1];
      if (entry === undefined) throw new Error(`request ${asked.length} is not in the script`);
      const reply = typeof entry === "function" ? entry(request) : entry;
      yield* speak(reply, request, () => `call-${++calls}`);
    },
    ...(canCount ? { countTokens: async (text: string) => count(text) } : {}),
    close: async () => {},
  };
}

export function words(text: string): string[] {
  return [...text.matchAll(/\s*\S+/g)].map(([word]) => word);
}

function countWords(text: string): number {
  return words(text).length;
}

function read(input: GenerateInput, options: GenerateOptions, count: (text: string) => number): Asked {
  const messages = "messages" in input ? input.messages : [{ role: "user", content: input.prompt } as const];
  const parts = messages.flatMap(({ content, toolCalls = [] }) => [
    content,
    ...toolCalls.map(({ name, arguments: args }) => `${name} ${args}`),
  ]);
  const shown = parts.join("\n");
  const schemas = (options.tools ?? []).map((tool) => JSON.stringify(tool)).join("\n");
  return { input, options, messages, shown, promptTokens: count(`${shown}\n${schemas}`) };
}

function checkWindow({ promptTokens, options }: Asked, contextLength: number | undefined): void {
  const wanted = promptTokens + (options.maxTokens ?? 0);
  if (contextLength === undefined || wanted <= contextLength) return;
  throw new Error(`prompt of ${promptTokens} and ${options.maxTokens} new tokens in ${contextLength}`);
}

async function* speak(
  { text = "", calls = [], error, onWord }: Reply,
  { options, promptTokens }: Asked,
  nextId: () => string,
): AsyncGenerator<GenerateEvent> {
  const all = words(text);
  const said = all.slice(0, options.maxTokens);
  for (const [at, word] of said.entries()) {
    options.signal?.throwIfAborted();
    yield { type: "text", text: word };
    onWord?.(at + 1);
  }
  if (error !== undefined) throw error;
  for (const [name, args] of calls) {
    const call: ToolCall = { id: nextId(), name, arguments: args };
    yield { type: "toolCall", call };
  }
  const usage = { promptTokens, outputTokens: said.length };
  const reason = calls.length > 0 ? "toolCalls" : said.length < all.length ? "length" : "stop";
  yield { type: "end", reason, usage };
}
