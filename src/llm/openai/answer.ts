/** What comes back: the chunks of a stream as events, calls of tools joined from their pieces. */

import { z } from "zod";
import { RetrieveError } from "../../std/index.ts";
import { createCallId } from "../call-id.ts";
import type { EndReason, GenerateEvent, ToolCall, Usage } from "../language-model.ts";

const toolCallDelta = z.object({
  index: z.number().int().nullish(),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});
type ToolCallDelta = z.infer<typeof toolCallDelta>;

const delta = z.object({ content: z.string().nullish(), tool_calls: z.array(toolCallDelta).nullish() });

const choice = z.object({
  delta: delta.nullish(),
  /** Of a server that does not stream. */
  message: delta.nullish(),
  /** Of a bare text. */
  text: z.string().nullish(),
  finish_reason: z.string().nullish(),
});
type Choice = z.infer<typeof choice>;

const chunk = z.object({
  choices: z.array(choice).nullish(),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number().nullish() }).nullish(),
  error: z.unknown().optional(),
});

/** Characters of a token where nothing counts them: OpenAI's rule of thumb for English. */
const charactersPerToken = 4;

/**
 * The events of one generation from the chunks of its answer.
 *
 * `sentCharacters` stands in for the prompt's tokens where the server counts none. Throws `network` for an error within
 * the stream, for what is no answer, and for a stream that ends before the model did.
 */
export async function* eventsOf(
  chunks: AsyncIterable<unknown>,
  where: string,
  sentCharacters: number,
): AsyncGenerator<GenerateEvent> {
  const calls = createCalls();
  let reason: string | undefined;
  let usage: Usage | undefined;
  let pieces = 0;
  for await (const value of chunks) {
    const { choices, usage: counted } = parseChunk(value, where);
    if (counted)
      usage = { promptTokens: counted.prompt_tokens, outputTokens: counted.completion_tokens ?? 0 };
    const { text, toolCalls, finish } = contentOf(choices?.[0]);
    for (const piece of toolCalls) calls.add(piece);
    if (text !== "") yield { type: "text", text };
    if (text !== "" || toolCalls.length > 0) pieces++;
    reason = finish ?? reason;
  }
  const whole = ended(reason, where) === "length" ? [] : calls.joined();
  for (const call of whole) yield { type: "toolCall", call };
  yield {
    type: "end",
    reason: endReason(reason, whole),
    usage: usage ?? estimatedUsage(sentCharacters, pieces),
  };
}

interface Content {
  readonly text: string;
  readonly toolCalls: readonly ToolCallDelta[];
  readonly finish: string | undefined;
}

function contentOf(choice: Choice | undefined): Content {
  const said = choice?.delta ?? choice?.message;
  return {
    text: choice?.text ?? said?.content ?? "",
    toolCalls: said?.tool_calls ?? [],
    finish: choice?.finish_reason ?? undefined,
  };
}

function ended(reason: string | undefined, where: string): string {
  if (reason !== undefined) return reason;
  throw new RetrieveError("network", `${where}: the answer broke off before its end; wanted a finish_reason`);
}

function parseChunk(value: unknown, where: string): z.infer<typeof chunk> {
  const { data, error } = chunk.safeParse(value);
  if (data?.error) {
    const said = JSON.stringify(data.error).slice(0, 300);
    throw new RetrieveError("network", `${where}: the server failed while it answered: ${said}`);
  }
  if (data === undefined || (data.choices == null && data.usage == null)) {
    const got = (JSON.stringify(value) ?? "").slice(0, 200);
    const fault = error?.issues[0]?.message ?? "no choices";
    throw new RetrieveError(
      "network",
      `${where}: got ${got} (${fault}), wanted a chunk of an OpenAI-compatible answer`,
    );
  }
  return data;
}

/** A call that was cut off is none, so `length` goes before `toolCalls`. */
function endReason(said: string | undefined, calls: readonly ToolCall[]): EndReason {
  if (said === "length") return "length";
  return calls.length > 0 ? "toolCalls" : "stop";
}

/** Servers stream about one token a piece. */
function estimatedUsage(sentCharacters: number, pieces: number): Usage {
  return {
    promptTokens: Math.ceil(sentCharacters / charactersPerToken),
    outputTokens: pieces,
    estimated: true,
  };
}

interface Calls {
  add(piece: ToolCallDelta): void;
  joined(): readonly ToolCall[];
}

/** Calls by their index; servers that leave it out begin each call with its id. */
function createCalls(): Calls {
  const calls = new Map<number, { id: string; name: string; arguments: string }>();
  let last = -1;
  const indexOf = ({ index, id }: ToolCallDelta): number => {
    if (index != null) return index;
    const begins = id != null && id !== calls.get(last)?.id;
    return begins || last < 0 ? calls.size : last;
  };
  return {
    add: (piece) => {
      last = indexOf(piece);
      const call = calls.get(last) ?? { id: "", name: "", arguments: "" };
      call.id ||= piece.id ?? "";
      call.name ||= piece.function?.name ?? "";
      call.arguments += piece.function?.arguments ?? "";
      calls.set(last, call);
    },
    joined: () =>
      [...calls]
        .sort(([one], [other]) => one - other)
        .map(([, call]) => ({ ...call, id: call.id || createCallId() })),
  };
}
