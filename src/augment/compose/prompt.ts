/** The words of a composed prompt: messages in, items of the kinds, what stands in the result. */

import type { KindName } from "../kind-names.ts";

/** A message of a chat API. */
export interface Message {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string;
}

/** A retrieved piece that stands in a prompt, with what it cost. */
export interface PromptItem {
  readonly kind: KindName;
  readonly id: string;
  readonly score: number;
  readonly tokens: number;
}
