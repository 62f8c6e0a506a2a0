/** What is sent: chats and bare texts in the words of the OpenAI API. */

import { RetrieveError } from "../../std/index.ts";
import type { ChatMessage, GenerateInput, GenerateOptions, ToolSchema } from "../language-model.ts";

/** A request for one generation. */
export interface GenerateRequest {
  readonly path: "/chat/completions" | "/completions";
  readonly body: Readonly<Record<string, unknown>>;
  /** Characters of all that is sent for the model to read. */
  readonly characters: number;
}

/** Of bare texts: where none is named, servers stop after 16 tokens, as OpenAI's API says. */
export const defaultMaxTokens = 1024;

/** Throws `invalid_argument` for tools without a chat. */
export function generateRequest(
  model: string,
  input: GenerateInput,
  options: GenerateOptions,
): GenerateRequest {
  const { maxTokens, temperature = 0, seed, stop = [], tools = [] } = options;
  const shared = {
    model,
    temperature,
    ...(seed !== undefined && { seed }),
    ...(stop.length > 0 && { stop }),
    stream: true,
    stream_options: { include_usage: true },
  };
  if ("prompt" in input) {
    if (tools.length > 0) {
      throw new RetrieveError("invalid_argument", "tools are for chats: got a bare prompt, wanted messages");
    }
    const body = { ...shared, prompt: input.prompt, max_tokens: maxTokens ?? defaultMaxTokens };
    return { path: "/completions", body, characters: input.prompt.length };
  }
  const body = {
    ...shared,
    messages: input.messages.map(formatMessage),
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    ...(tools.length > 0 && { tools: tools.map(formatTool) }),
  };
  return { path: "/chat/completions", body, characters: JSON.stringify([body.messages, body.tools]).length };
}

function formatMessage({ role, content, toolCalls = [], toolCallId }: ChatMessage): object {
  if (role === "tool") return { role, content, tool_call_id: toolCallId };
  if (toolCalls.length === 0) return { role, content };
  return {
    role,
    content: content === "" ? null : content,
    tool_calls: toolCalls.map(({ id, name, arguments: text }) => ({
      id,
      type: "function",
      function: { name, arguments: text },
    })),
  };
}

function formatTool({ name, description, parameters }: ToolSchema): object {
  return {
    type: "function",
    function: { name, ...(description !== undefined && { description }), parameters },
  };
}
