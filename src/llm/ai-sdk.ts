/**
 * Models of the AI SDK, given by the host: the specification of `LanguageModelV2` to `V4` in the package
 * `@ai-sdk/provider`, read structurally, so that no version of it is needed here.
 */

import { z } from "zod";
import { messageOf, RetrieveError } from "../std/index.ts";
import { createGate } from "./gate.ts";
import { interrupted } from "./interrupted.ts";
import type {
  ChatMessage,
  GenerateEvent,
  GenerateInput,
  GenerateOptions,
  LanguageModel,
  ToolCall,
  Usage,
} from "./language-model.ts";

/** What a model of the AI SDK has, such as `openai("gpt-5")` or `anthropic("claude-opus-4")`. */
export interface AiSdkModel {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  doStream(options: never): PromiseLike<{ readonly stream: ReadableStream<unknown> }>;
}

export interface FromAiSdkOptions {
  /** Tokens of the window, where the host knows it. */
  readonly contextLength?: number;
  /** Calls at once. Default 8. */
  readonly parallel?: number;
}

/**
 * A language model that generates chats with tools through a model of the AI SDK. It does not score: the specification
 * has no log-probabilities of given texts. Retries are the provider's.
 *
 * Throws `unsupported` for another specification; bare texts are refused with `unsupported` when they are generated.
 */
export function fromAiSdk(model: AiSdkModel, options: FromAiSdkOptions = {}): LanguageModel {
  const { contextLength, parallel = 8 } = options;
  const name = `${model.provider}:${model.modelId}`;
  if (!/^v[234]$/.test(model.specificationVersion)) {
    throw new RetrieveError(
      "unsupported",
      `${name}: got a model of the AI SDK's specification ${model.specificationVersion}, wanted v2, v3 or v4`,
    );
  }
  const gate = createGate(parallel);
  return {
    name,
    contextLength,
    parallel,
    async *generate(input, generateOptions = {}) {
      const leave = await gate.enter(generateOptions.signal);
      try {
        yield* generate(model, name, input, generateOptions);
      } finally {
        leave();
      }
    },
    close: async () => {},
  };
}

async function* generate(
  model: AiSdkModel,
  name: string,
  input: GenerateInput,
  options: GenerateOptions,
): AsyncGenerator<GenerateEvent> {
  const asked = callOptions(name, input, options);
  const sentCharacters = JSON.stringify(asked.prompt).length;
  try {
    // The one place where our words meet the provider's type, which differs by version.
    const { stream } = await model.doStream(asked as never);
    yield* eventsOf(partsOf(stream), name, sentCharacters);
  } catch (error) {
    if (options.signal?.aborted) throw interrupted(options.signal);
    if (RetrieveError.isInstance(error)) throw error;
    throw new RetrieveError("network", `${name}: ${messageOf(error)}`, { cause: error });
  }
}

interface CallOptions extends Readonly<Record<string, unknown>> {
  readonly prompt: readonly object[];
}

function callOptions(name: string, input: GenerateInput, options: GenerateOptions): CallOptions {
  if ("prompt" in input) {
    throw new RetrieveError("unsupported", `${name} knows chats only: got a bare prompt, wanted messages`);
  }
  const { maxTokens, temperature = 0, seed, stop = [], tools = [], signal } = options;
  const names = new Map(
    input.messages.flatMap(({ toolCalls = [] }) => toolCalls.map((call) => [call.id, call.name])),
  );
  return {
    prompt: input.messages.map((message) => formatMessage(message, names)),
    temperature,
    ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
    ...(seed !== undefined && { seed }),
    ...(stop.length > 0 && { stopSequences: [...stop] }),
    ...(tools.length > 0 && {
      tools: tools.map(({ name: tool, description, parameters }) => ({
        type: "function",
        name: tool,
        ...(description !== undefined && { description }),
        inputSchema: parameters,
      })),
      toolChoice: { type: "auto" },
    }),
    ...(signal && { abortSignal: signal }),
  };
}

function formatMessage(message: ChatMessage, names: ReadonlyMap<string, string>): object {
  const { role, content, toolCalls = [], toolCallId = "" } = message;
  const text = content === "" ? [] : [{ type: "text", text: content }];
  if (role === "system") return { role, content };
  if (role === "user") return { role, content: text };
  if (role === "assistant") return { role, content: [...text, ...toolCalls.map(formatCall)] };
  const toolName = names.get(toolCallId);
  if (toolName === undefined) {
    throw new RetrieveError(
      "invalid_argument",
      `a tool message answers the call "${toolCallId}", which no message before it makes`,
    );
  }
  const output = { type: "text", value: content };
  return { role, content: [{ type: "tool-result", toolCallId, toolName, output }] };
}

function formatCall({ id, name, arguments: text }: ToolCall): object {
  return { type: "tool-call", toolCallId: id, toolName: name, input: parsedArguments(text) };
}

/** Arguments that are no JSON go back as the text that the model wrote. */
function parsedArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function* partsOf(stream: ReadableStream<unknown>): AsyncGenerator<unknown> {
  const reader = stream.getReader();
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      isOver = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!isOver) await reader.cancel().catch(() => {});
  }
}

/** A count of the version 2, or of those after it. */
const count = z.union([z.number(), z.object({ total: z.number().nullish() })]).nullish();
const partSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text-delta"), delta: z.string() }),
  z.object({
    type: z.literal("tool-call"),
    toolCallId: z.string(),
    toolName: z.string(),
    input: z.string(),
    providerExecuted: z.boolean().nullish(),
  }),
  z.object({
    type: z.literal("finish"),
    finishReason: z.union([z.string(), z.object({ unified: z.string() })]),
    usage: z.object({ inputTokens: count, outputTokens: count }).nullish(),
  }),
  z.object({ type: z.literal("error"), error: z.unknown() }),
]);
type Part = z.infer<typeof partSchema>;
type Finish = Extract<Part, { type: "finish" }>;

async function* eventsOf(
  parts: AsyncIterable<unknown>,
  name: string,
  sentCharacters: number,
): AsyncGenerator<GenerateEvent> {
  let finish: Finish | undefined;
  let pieces = 0;
  const calls: ToolCall[] = [];
  for await (const value of parts) {
    const part = parsePart(value, name);
    if (part?.type === "error") throw part.error;
    if (part?.type === "finish") finish = part;
    if (part?.type === "text-delta" && part.delta !== "") {
      pieces++;
      yield { type: "text", text: part.delta };
    }
    // Some providers run tools of their own, whose calls are done.
    if (part?.type === "tool-call" && part.providerExecuted !== true) {
      calls.push({ id: part.toolCallId, name: part.toolName, arguments: part.input });
    }
  }
  yield* endOf(finish, calls, name, (usage) => usageOf(usage, sentCharacters, pieces));
}

/** Undefined for the many parts that carry neither text nor calls. */
function parsePart(value: unknown, name: string): Part | undefined {
  const { data, error } = partSchema.safeParse(value);
  if (data !== undefined) return data;
  const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
  if (!["text-delta", "tool-call", "finish"].includes(String(type))) return undefined;
  throw new RetrieveError(
    "network",
    `${name}: a part "${type}" of its answer is malformed: ${error.issues[0]?.message}`,
  );
}

function* endOf(
  finish: Finish | undefined,
  calls: readonly ToolCall[],
  name: string,
  usageOf: (usage: Finish["usage"]) => Usage,
): Generator<GenerateEvent> {
  if (finish === undefined) {
    throw new RetrieveError(
      "network",
      `${name}: the answer broke off before its end; wanted a part "finish"`,
    );
  }
  const { finishReason } = finish;
  const said = typeof finishReason === "string" ? finishReason : finishReason.unified;
  if (said === "error") throw new RetrieveError("network", `${name}: the model ended with an error`);
  const usage = usageOf(finish.usage);
  if (said === "length") {
    yield { type: "end", reason: "length", usage };
    return;
  }
  for (const call of calls) yield { type: "toolCall", call };
  yield { type: "end", reason: calls.length > 0 ? "toolCalls" : "stop", usage };
}

function usageOf(usage: Finish["usage"], sentCharacters: number, pieces: number): Usage {
  const total = (one: z.infer<typeof count>): number | undefined =>
    (typeof one === "object" ? one?.total : one) ?? undefined;
  const promptTokens = total(usage?.inputTokens);
  const outputTokens = total(usage?.outputTokens);
  if (promptTokens !== undefined && outputTokens !== undefined) return { promptTokens, outputTokens };
  return {
    promptTokens: promptTokens ?? Math.ceil(sentCharacters / 4),
    outputTokens: outputTokens ?? pieces,
    estimated: true,
  };
}
