/** The language model that `--llm` names, and the flags that say how to talk to it. */

import { InvalidArgumentError, type Option } from "commander";
import type { LanguageModel } from "../llm/index.ts";
import type { Context } from "./command.ts";
import { option, wholeNumber } from "./options.ts";
import { type Manners, note } from "./terminal.ts";

/** Flags of commands that use a language model, and how they print. */
export interface LanguageModelFlags extends Manners {
  readonly timeout?: number;
  readonly parallel?: number;
  readonly threads?: number;
  readonly contextLength?: number;
}

/** What `--reward` takes. */
export const rewards = ["likelihood", "rank", "yes-no", "generation-em", "generation-f1"] as const;

/** `--timeout`, `--parallel`, `--threads` and `--context-length`. */
export function languageModelOptions(): Option[] {
  return [
    option("--timeout <seconds>", "silence of a model server that is borne (default 120)").argParser(
      parseTimeout,
    ),
    option("--parallel <n>", "requests to the language model at once (default 8; llama: 4)").argParser(
      wholeNumber(1),
    ),
    option("--threads <n>", "of a llama: model; default all cores but one").argParser(wholeNumber(1)),
    option("--context-length <n>", "window of a llama: model, in tokens; default at most 4096").argParser(
      wholeNumber(1),
    ),
  ];
}

function parseTimeout(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds > 0 && seconds <= 300) return seconds;
  throw new InvalidArgumentError("wanted seconds above 0, at most 300.");
}

/** Opens `openai:MODEL@URL` or `llama:PATH.gguf`; the key is `RETRIEVE_LLM_KEY`, else `OPENAI_API_KEY`. */
export async function openModelAt(
  { terminal, signal }: Context,
  flags: LanguageModelFlags,
  uri: string,
): Promise<LanguageModel> {
  const { openLanguageModel } = await import("../llm/index.ts");
  const key = terminal.env["RETRIEVE_LLM_KEY"] || terminal.env["OPENAI_API_KEY"];
  const { timeout, parallel, threads, contextLength } = flags;
  return await openLanguageModel(uri, {
    ...(key ? { key } : {}),
    ...(timeout !== undefined && { timeout }),
    ...(parallel !== undefined && { parallel }),
    ...(threads !== undefined && { threads }),
    ...(contextLength !== undefined && { contextLength }),
    signal,
    onNotice: (message) => note(terminal, flags, message),
  });
}
