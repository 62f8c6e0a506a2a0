/** A chat continued in the model's own template. */

import type { ChatWrapper, LlamaChat, LlamaChatResponse, LlamaModel, Token } from "node-llama-cpp";
import { RetrieveError } from "../../std/index.ts";
import { createCallId } from "../call-id.ts";
import { interrupted } from "../interrupted.ts";
import type {
  ChatMessage,
  EndReason,
  GenerateEvent,
  GenerateOptions,
  ToolCall,
  ToolSchema,
} from "../language-model.ts";
import { functionsOf, historyOf, withoutNulls } from "./history.ts";
import type { Package } from "./package.ts";
import type { LlamaContextOf } from "./score.ts";

/** Streams the reply; the calls of tools that it ends with are handed out and not run. */
export async function* continueChat(
  { LlamaChat, resolveChatWrapper }: Package,
  { model, sequences, window }: LlamaContextOf,
  messages: readonly ChatMessage[],
  options: GenerateOptions,
): AsyncGenerator<GenerateEvent> {
  const chatWrapper = resolveChatWrapper(model);
  const prompt = chatTokens(chatWrapper, model, messages, options.tools);
  const room = window - prompt.length;
  if (room <= 0) {
    throw new RetrieveError(
      "invalid_argument",
      `the chat is ${prompt.length} tokens with its tools and the window holds ${window}, with the reply; shorten it`,
    );
  }
  const limited = { ...options, maxTokens: Math.min(options.maxTokens ?? room, room) };
  const { sequence, release } = await sequences.take(prompt, options.signal);
  let isSound = false;
  const chat = new LlamaChat({ contextSequence: sequence, chatWrapper, autoDisposeSequence: false });
  const before = sequence.tokenMeter.getState();
  try {
    const texts = createQueue<string>();
    const replying = reply(chat, messages, limited, texts.push).finally(texts.end);
    // Its failure surfaces below, when the texts have ended.
    replying.catch(() => {});
    for await (const text of texts.items) yield { type: "text", text };
    const { functionCalls = [], metadata } = await replying.catch((error: unknown) => {
      throw options.signal?.aborted ? interrupted(options.signal) : error;
    });
    const calls = functionCalls.map((call) => toCall(call, options.tools ?? []));
    for (const call of calls) yield { type: "toolCall", call };
    const used = sequence.tokenMeter.diff(before);
    isSound = true;
    yield {
      type: "end",
      reason: reasonOf(metadata.stopReason, calls),
      usage: { promptTokens: prompt.length, outputTokens: used.usedOutputTokens },
    };
  } finally {
    chat.dispose({ disposeSequence: false });
    await release(isSound);
  }
}

/** The chat in its template, with what the template says of the tools, up to where the reply begins. */
export function chatTokens(
  chatWrapper: ChatWrapper,
  model: LlamaModel,
  messages: readonly ChatMessage[],
  tools: readonly ToolSchema[] = [],
): Token[] {
  const { contextText } = chatWrapper.generateContextState({
    chatHistory: historyOf(messages),
    ...(tools.length > 0 && { availableFunctions: functionsOf(tools), documentFunctionParams: true }),
  });
  return contextText.tokenize(model.tokenizer);
}

type Reply = LlamaChatResponse<ReturnType<typeof functionsOf>>;

async function reply(
  chat: LlamaChat,
  messages: readonly ChatMessage[],
  { maxTokens, temperature = 0, seed, stop = [], tools = [], signal }: GenerateOptions,
  onText: (text: string) => void,
): Promise<Reply> {
  return await chat.generateResponse(historyOf(messages), {
    temperature,
    repeatPenalty: false,
    // What does not fit is the caller's to shorten: nothing is dropped in silence.
    contextShift: { strategy: refuseToShift },
    ...(maxTokens !== undefined && { maxTokens }),
    ...(seed !== undefined && { seed }),
    ...(stop.length > 0 && { customStopTriggers: stop }),
    ...(tools.length > 0 && { functions: functionsOf(tools), documentFunctionParams: true }),
    ...(signal && { signal }),
    onTextChunk: onText,
  });
}

function refuseToShift(): never {
  throw new RetrieveError(
    "invalid_argument",
    "the chat with its tools and the reply does not fit into the model's window; shorten it",
  );
}

function toCall(
  { functionName, params }: NonNullable<Reply["functionCalls"]>[number],
  tools: readonly ToolSchema[],
): ToolCall {
  const tool = tools.find(({ name }) => name === functionName);
  const given = tool === undefined ? params : withoutNulls(params, tool);
  return { id: createCallId(), name: functionName, arguments: JSON.stringify(given) };
}

function reasonOf(stopped: string, calls: readonly ToolCall[]): EndReason {
  if (calls.length > 0) return "toolCalls";
  return stopped === "maxTokens" ? "length" : "stop";
}

/** Values pushed from a callback, read as they come. */
interface Queue<Item> {
  readonly push: (item: Item) => void;
  readonly end: () => void;
  readonly items: AsyncIterable<Item>;
}

function createQueue<Item>(): Queue<Item> {
  const waiting: Item[] = [];
  let [isEnded, wake] = [false, (): void => {}];
  async function* items(): AsyncGenerator<Item> {
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else if (isEnded) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  return {
    push: (item) => {
      waiting.push(item);
      wake();
    },
    end: () => {
      isEnded = true;
      wake();
    },
    items: items(),
  };
}
