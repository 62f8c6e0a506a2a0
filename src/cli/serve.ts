/** `retrieve serve`: what this machine has, for others over HTTP. */

import { once } from "node:events";
import { basename } from "node:path";
import type { Command } from "commander";
import type { Context, DefineCommand } from "./command.ts";
import { type LanguageModelFlags, languageModelOptions, openModelAt } from "./language-model.ts";
import { type GlobalOptions, option, wholeNumber } from "./options.ts";
import { note, print, printJson } from "./terminal.ts";

interface ServeFlags extends GlobalOptions, LanguageModelFlags {
  readonly completions: boolean;
  readonly llm: string;
  readonly port: number;
  readonly host: string;
  readonly modelName?: string;
}

const help = `
Where RETRIEVE_SERVE_KEY is set, clients send it as a bearer token; a --host that
other machines reach wants it. Ctrl-C ends the server.

Example:
  retrieve serve --completions --llm llama:qwen3-4b.gguf --port 8080`;

export const defineServe: DefineCommand = (program, context) => {
  const serve = program
    .command("serve")
    .description("a language model for other programs, by OpenAI's API")
    .addOption(
      option("--completions", "serve --llm by /v1/completions, with echo and logprobs").makeOptionMandatory(),
    )
    .addOption(option("--llm <uri>", "openai:MODEL@URL or llama:PATH.gguf").makeOptionMandatory())
    .addOption(option("--port <n>", "0 takes a free one").argParser(wholeNumber(0)).default(8080))
    .addOption(option("--host <address>", "where others reach it").default("127.0.0.1"))
    .addOption(option("--model-name <name>", "what clients call it; default its own name"));
  for (const one of languageModelOptions()) serve.addOption(one);
  serve.addHelpText("after", help).action(async (_flags: unknown, command: Command) => {
    await serveModel(context, command.optsWithGlobals<ServeFlags>());
  });
};

async function serveModel(context: Context, flags: ServeFlags): Promise<void> {
  const { terminal, signal } = context;
  const { isLoopback, serveCompletions } = await import("../serve/index.ts");
  const llm = await openModelAt(context, flags, flags.llm);
  try {
    const key = terminal.env["RETRIEVE_SERVE_KEY"];
    const { port, host } = flags;
    const id = flags.modelName ?? nameIn(flags.llm);
    const server = await serveCompletions({ llm, id, port, host, ...(key ? { key } : {}) });
    const url = `${server.url}/v1`;
    if (flags.json) printJson(terminal, { url, model: id });
    else print(terminal, `${id} at ${url}; use it as openai:${id}@${url}`);
    if (!isLoopback(host))
      note(terminal, flags, `other machines may reach ${host}; the key is wanted from them`);
    if (!signal.aborted) await once(signal, "abort");
    await server.close();
  } finally {
    await llm.close();
  }
}

/** What stands in the address of a model for its name: `openai:NAME@URL`, `llama:FOLDER/NAME.gguf`. */
function nameIn(uri: string): string {
  const place = uri.slice(uri.indexOf(":") + 1);
  return uri.startsWith("openai:") ? place.slice(0, place.lastIndexOf("@")) : basename(place, ".gguf");
}
