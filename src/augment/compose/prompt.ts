/** The words of a composed prompt: the messages, the retrieved pieces that may go in, and what went in. */

import type { JsonValue } from "../../store/index.ts";
import type { KindName } from "../kind-names.ts";

/** A message of a chat API. Further fields (`tool_calls`, `name`, …) are carried through untouched. */
export interface Message {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string;
}

interface Ranked {
  /** The document it is. */
  readonly id: string;
  readonly score: number;
}

/** A passage with what a citation needs. */
export interface KnowledgePiece extends Ranked {
  /** What it is cited by; default its place among the passages, from 1. */
  readonly number?: number;
  readonly title: string;
  /** Where it stands: a path or URL, with a position where there is one. */
  readonly source: string;
  readonly text: string;
}

/** Chunk i of a long text or conversation, and chunk i+1. */
export interface MemoryPiece extends Ranked {
  /** The text or conversation it is a part of: parts of one are merged and put in order. */
  readonly of: string;
  /** Place of the first of `parts` within it, counted in parts. */
  readonly start: number;
  /** Consecutive parts: the chunk itself and the one after it. */
  readonly parts: readonly string[];
  /** Of a conversation: what the turns of the chunk itself say, without the speakers. */
  readonly said?: readonly string[];
  /** What stood between two parts: nothing where they are slices of one text, a line break between turns. */
  readonly between: "" | "\n";
  /** ISO 8601, where it is known. */
  readonly time?: string;
}

/** A solved instance of a task. */
export interface ExamplePiece extends Ranked {
  readonly input: string;
  readonly output: string;
  readonly task?: string;
}

/** A tool as a chat API wants it. */
export interface ToolPiece extends Ranked {
  readonly name: string;
  readonly schema: JsonValue;
}

/** What a retrieved piece of each kind is. */
export interface PieceOf {
  readonly knowledge: KnowledgePiece;
  readonly memory: MemoryPiece;
  readonly examples: ExamplePiece;
  readonly tools: ToolPiece;
}

/** The retrieved pieces of each kind, most relevant first. A kind that is absent puts nothing in. */
export type Pieces = { readonly [Kind in KindName]?: readonly PieceOf[Kind][] };

/** A retrieved piece that stands in a prompt. */
export interface PromptItem {
  readonly kind: KindName;
  readonly id: string;
  readonly score: number;
  /** What the prompt grew by when it went in; the first of a kind also pays for the kind's frame. */
  readonly tokens: number;
}

/** A numbered source that the prompt's knowledge passages stand under and an answer can cite as `[1]`. */
export interface Citation {
  readonly number: number;
  readonly id: string;
  readonly title: string;
  readonly source: string;
}

/** A prompt ready for a chat API. */
export interface Augmented {
  readonly messages: readonly Message[];
  /** The sum of `countTokens` over the contents of `messages`, and over tools that stand apart from them. */
  readonly tokens: number;
  /** What was retrieved and put in, in the order of the prompt. */
  readonly items: readonly PromptItem[];
  readonly citations: readonly Citation[];
  /** The schemas that stand in the prompt once more, for the `tools` field of a chat request. */
  readonly tools: readonly JsonValue[];
}
