/** A prompt within a limit that a language model counts itself. */

import type { ToolSchema } from "../../llm/index.ts";
import { RetrieveError } from "../../std/index.ts";
import type { Augmented, Message, Pieces } from "../compose/prompt.ts";
import { composeFound } from "../enrich.ts";
import { messageFrame } from "./room.ts";
import type { Ruler } from "./ruler.ts";

/** Each failed try makes estimates larger by this. */
const caution = 1.1;
const tries = 12;

/** A prompt that is filled so far is full enough. */
const full = 0.9;

/**
 * {@link composeFound} with the tools apart. The composition needs counts at once, so it works with estimates; the
 * result is counted by the model, and where it is too long, or has room for what was left out, composed again with
 * better ones. Costs two counts or a few.
 *
 * Throws `invalid_argument` where what must be kept does not fit.
 */
export async function composeWithin(
  messages: readonly Message[],
  pieces: Pieces,
  limit: number,
  ruler: Ruler,
): Promise<Augmented> {
  await ruler.count(sampleOf(messages, pieces));
  let fitting: Augmented | undefined;
  let scale = 1;
  for (let attempt = 0; attempt < tries; attempt++) {
    const augmented = composeFound(messages, pieces, {
      maxTokens: limit,
      countTokens: (text) => Math.ceil(ruler.estimate(text) * scale) + messageFrame,
      toolsIn: "field",
    });
    const tokens = await countPrompt(ruler, augmented.messages, augmented.tools);
    if (tokens > limit) {
      if (fitting !== undefined) return fitting;
      scale *= caution;
    } else {
      const isDone = fitting !== undefined || tokens >= full * limit || holdsAll(augmented, messages, pieces);
      if (isDone) return augmented;
      fitting = augmented;
      scale *= tokens / augmented.tokens;
    }
  }
  throw new RetrieveError(
    "invalid_argument",
    `ask: no prompt of at most ${limit} tokens could be made; raise maxTokens or shorten the messages`,
  );
}

function holdsAll(augmented: Augmented, messages: readonly Message[], pieces: Pieces): boolean {
  const spoken = (list: readonly Message[]): number => list.filter(({ role }) => role !== "system").length;
  const found = Object.values(pieces).reduce((sum, list) => sum + list.length, 0);
  return augmented.items.length >= found && spoken(augmented.messages) >= spoken(messages);
}

/** Tokens of a chat with its tools, with what a template puts around each message. */
export async function countPrompt(
  ruler: Ruler,
  messages: readonly CountedMessage[],
  tools: readonly (ToolSchema | Augmented["tools"][number])[],
): Promise<number> {
  const texts = messages.flatMap(({ content, toolCalls = [] }) => [
    content,
    ...toolCalls.map(({ name, arguments: args }) => `${name} ${args}`),
  ]);
  const schemas = tools.map((tool) => JSON.stringify(tool));
  const frames = messages.length + schemas.length;
  return (await ruler.count([...texts, ...schemas].join("\n"))) + frames * messageFrame;
}

interface CountedMessage {
  readonly content: string;
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: string }[];
}

/** So much of what may go in tells how the model counts it. */
const sampleLength = 8000;

function sampleOf(messages: readonly Message[], pieces: Pieces): string {
  const texts = [
    ...(pieces.knowledge ?? []).map(({ text }) => text),
    ...(pieces.memory ?? []).flatMap(({ parts }) => parts),
    ...(pieces.tools ?? []).map(({ schema }) => JSON.stringify(schema)),
    ...messages.toReversed().map(({ content }) => content.slice(0, sampleLength / 4)),
  ];
  return texts.join("\n").slice(0, sampleLength);
}
