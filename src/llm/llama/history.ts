/** Messages as node-llama-cpp wants them: calls of tools stand with their results in the reply that made them. */

import type {
  ChatHistoryItem,
  ChatModelFunctionCall,
  ChatModelFunctions,
  GbnfJsonSchema,
} from "node-llama-cpp";
import type { ChatMessage, ToolCall, ToolSchema } from "../language-model.ts";

/** The chat, with an empty reply of the model at its end, which is what it goes on from. */
export function historyOf(messages: readonly ChatMessage[]): ChatHistoryItem[] {
  const history: ChatHistoryItem[] = [];
  for (const [at, { role, content, toolCalls = [] }] of messages.entries()) {
    if (role === "system") history.push({ type: "system", text: content });
    if (role === "user") history.push({ type: "user", text: content });
    if (role === "assistant") {
      const calls = toolCalls.map((call) => toCall(call, resultOf(call, messages.slice(at + 1))));
      replyOf(history).push(...(content === "" ? [] : [content]), ...calls);
    }
  }
  replyOf(history);
  return history;
}

/** The model's reply at the end; a reply after results of tools goes on in the same one. */
function replyOf(history: ChatHistoryItem[]): (string | ChatModelFunctionCall)[] {
  const last = history.at(-1);
  if (last?.type === "model") return last.response as (string | ChatModelFunctionCall)[];
  const response: (string | ChatModelFunctionCall)[] = [];
  history.push({ type: "model", response });
  return response;
}

/** The nearest one: some models number the calls of every reply from 0. */
function resultOf({ id }: ToolCall, following: readonly ChatMessage[]): string | undefined {
  return following.find(({ toolCallId }) => toolCallId === id)?.content;
}

function toCall({ name, arguments: args }: ToolCall, result: string | undefined): ChatModelFunctionCall {
  return { type: "functionCall", name, params: parsed(args), result: result ?? "", startsNewChunk: true };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Tools by their name; the parts of their schemas that a grammar can hold, the arguments are checked by the whole later. */
export function functionsOf(tools: readonly ToolSchema[]): ChatModelFunctions {
  return Object.fromEntries(
    tools.map(({ name, description, parameters }) => [
      name,
      { ...(description !== undefined && { description }), params: grammarOf(parameters) },
    ]),
  );
}

type Schema = Readonly<Record<string, unknown>>;

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function grammarOf(value: unknown): GbnfJsonSchema {
  const schema = isSchema(value) ? value : {};
  const { type, description, properties, items } = schema;
  const told = typeof description === "string" ? { description } : {};
  const choices = schema["enum"] ?? (schema["const"] === undefined ? undefined : [schema["const"]]);
  if (Array.isArray(choices)) return { ...told, enum: choices };
  const alternatives = schema["oneOf"] ?? schema["anyOf"];
  if (Array.isArray(alternatives)) return { ...told, oneOf: alternatives.map(grammarOf) };
  if (type === "array") return { ...told, type: "array", items: grammarOf(items) };
  if (type === "object" || isSchema(properties)) {
    const inner = Object.entries(isSchema(properties) ? properties : {});
    const required = new Set(Array.isArray(schema["required"]) ? schema["required"] : []);
    return {
      ...told,
      type: "object",
      // The grammar asks for every property, so an optional one may also be null.
      properties: Object.fromEntries(
        inner.map(([name, property]) => [
          name,
          required.has(name) ? grammarOf(property) : optional(property),
        ]),
      ),
    };
  }
  return { ...told, type: typeIn(type) };
}

function optional(property: unknown): GbnfJsonSchema {
  return { oneOf: [grammarOf(property), { type: "null" }] };
}

const plainTypes = ["string", "number", "integer", "boolean", "null"] as const;

function typeIn(type: unknown): (typeof plainTypes)[number] {
  return (
    plainTypes.find((plain) => plain === type || (Array.isArray(type) && type.includes(plain))) ?? "string"
  );
}

/** Arguments without the optional ones that the grammar made the model fill with null. */
export function withoutNulls(params: unknown, { parameters }: ToolSchema): unknown {
  const { required } = parameters;
  const needed = new Set(Array.isArray(required) ? required : []);
  if (!isSchema(params)) return params ?? {};
  return Object.fromEntries(
    Object.entries(params).filter(([name, value]) => value !== null || needed.has(name)),
  );
}
