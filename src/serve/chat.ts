/** `/v1/chat/completions`: a chat that is continued, streamed or whole, with calls of tools. */

import { randomUUID } from "node:crypto";
import type { ChatMessage, GenerateEvent, GenerateOptions, LanguageModel, ToolCall } from "../llm/index.ts";
import { finishReason, formatUsage, now } from "./completions.ts";
import type { Reply, Request } from "./http.ts";
import { type ChatRequest, parseChat, type RequestMessage } from "./parse.ts";
import { Refusal } from "./refusal.ts";

/** Answers a request. */
export async function chat(model: LanguageModel, id: string, { body, signal }: Request): Promise<Reply> {
  const request = parseChat(body);
  const events = model.generate({ messages: request.messages.map(readMessage) }, optionsOf(request, signal));
  const head = { id: `chatcmpl-${randomUUID()}`, created: now(), model: id };
  const tellsUsage = request.stream_options?.include_usage === true;
  if (request.stream === true) {
    return { events: stream({ ...head, object: "chat.completion.chunk" }, events, tellsUsage) };
  }
  return { json: await whole({ ...head, object: "chat.completion" }, events) };
}

function readMessage({
  role,
  content,
  tool_calls: calls,
  tool_call_id: answers,
}: RequestMessage): ChatMessage {
  const toolCalls = calls?.map(({ id, function: { name, arguments: text } }) => ({
    id,
    name,
    arguments: text,
  }));
  return {
    role: role === "developer" ? "system" : role,
    content,
    ...(toolCalls && toolCalls.length > 0 && { toolCalls }),
    ...(answers != null && { toolCallId: answers }),
  };
}

function optionsOf(request: ChatRequest, signal: AbortSignal): GenerateOptions {
  const { temperature, seed, stop, tools, max_tokens: limit, max_completion_tokens: newer } = request;
  const maxTokens = newer ?? limit;
  return {
    temperature: temperature ?? 1,
    ...(maxTokens != null && { maxTokens }),
    ...(seed != null && { seed }),
    stop,
    ...(tools &&
      tools.length > 0 && {
        tools: tools.map(({ function: { name, description, parameters } }) => ({
          name,
          ...(description != null && { description }),
          parameters: parameters ?? { type: "object", properties: {} },
        })),
      }),
    signal,
  };
}

function formatCall({ id, name, arguments: text }: ToolCall): object {
  return { id, type: "function", function: { name, arguments: text } };
}

async function whole(head: object, events: AsyncIterable<GenerateEvent>): Promise<object> {
  let content = "";
  const calls: object[] = [];
  for await (const event of events) {
    if (event.type === "text") content += event.text;
    else if (event.type === "toolCall") calls.push(formatCall(event.call));
    else {
      const message = { role: "assistant", content, ...(calls.length > 0 && { tool_calls: calls }) };
      const choice = { index: 0, message, logprobs: null, finish_reason: finishReason(event.reason) };
      return { ...head, choices: [choice], usage: formatUsage([event.usage]) };
    }
  }
  throw new Refusal(500, "the model ended without an end");
}

async function* stream(
  head: object,
  events: AsyncIterable<GenerateEvent>,
  tellsUsage: boolean,
): AsyncGenerator<unknown> {
  const part = (delta: object, finish_reason: string | null = null): object => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason }],
  });
  let calls = 0;
  yield part({ role: "assistant", content: "" });
  for await (const event of events) {
    if (event.type === "text") yield part({ content: event.text });
    if (event.type === "toolCall")
      yield part({ tool_calls: [{ index: calls++, ...formatCall(event.call) }] });
    if (event.type !== "end") continue;
    yield part({}, finishReason(event.reason));
    if (tellsUsage) yield { ...head, choices: [], usage: formatUsage([event.usage]) };
  }
}
