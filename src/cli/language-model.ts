/** The language model that `--llm` names. */

import type { LanguageModel } from "../llm/index.ts";
import type { Context } from "./command.ts";
import { type Manners, note } from "./terminal.ts";

/** Opens `openai:MODEL@URL` or `llama:PATH.gguf`; the key is `RETRIEVE_LLM_KEY`, else `OPENAI_API_KEY`. */
export async function openModelAt(
  { terminal, signal }: Context,
  manners: Manners,
  uri: string,
): Promise<LanguageModel> {
  const { openLanguageModel } = await import("../llm/index.ts");
  const key = terminal.env["RETRIEVE_LLM_KEY"] || terminal.env["OPENAI_API_KEY"];
  return openLanguageModel(uri, {
    ...(key ? { key } : {}),
    signal,
    onNotice: (message) => note(terminal, manners, message),
  });
}
