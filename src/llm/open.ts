/** A language model by its address. */

import { RetrieveError } from "../std/index.ts";
import type { LanguageModel } from "./language-model.ts";
import type { LlamaOptions } from "./llama/open.ts";
import type { OpenOpenaiOptions } from "./openai/open.ts";

/** Options that a kind of model has no use for are left alone. */
export type OpenLanguageModelOptions = OpenOpenaiOptions & LlamaOptions;

type Open = (place: string, options: OpenLanguageModelOptions) => Promise<LanguageModel>;

/** What stands before the first colon; each is loaded when it is asked for. */
const schemes: Readonly<Record<string, { readonly form: string; readonly open: Open }>> = {
  openai: {
    form: "openai:MODEL@URL",
    open: async (place, options) => (await import("./openai/open.ts")).openOpenai(place, options),
  },
  llama: {
    form: "llama:PATH.gguf",
    open: async (place, options) => (await import("./llama/open.ts")).openLlama(place, options),
  },
};

/**
 * Opens the language model that a URI names: `openai:MODEL@URL`, any server that speaks OpenAI's API, or
 * `llama:PATH.gguf`, a file that llama.cpp runs in this process.
 *
 * Throws `invalid_argument` for any other URI, and what opening it throws.
 */
export async function openLanguageModel(
  uri: string,
  options: OpenLanguageModelOptions = {},
): Promise<LanguageModel> {
  const [, scheme = "", place = ""] = /^([a-z]+):(.*)$/s.exec(uri) ?? [];
  const found = Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined;
  if (found !== undefined) return await found.open(place, options);
  const known = Object.values(schemes).map(({ form }) => form);
  throw new RetrieveError("invalid_argument", `language model: got "${uri}", wanted ${known.join(" or ")}`);
}
