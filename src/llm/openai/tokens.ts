/** Counting and cutting by tokens, at servers that have vLLM's `/tokenize` (vllm/entrypoints/serve/tokenize/protocol.py). */

import { z } from "zod";
import { RetrieveError } from "../../std/index.ts";
import type { LanguageModel } from "../language-model.ts";
import type { Server } from "./server.ts";

const counted = z.object({ count: z.number().int() });
const tokenized = z.object({ tokens: z.array(z.number().int()) });
const detokenized = z.object({ prompt: z.string() });

/** `countTokens`, and `truncate` where the server also turns tokens into text. */
export function tokenFunctions(
  server: Server,
  detokenizes: boolean,
): Pick<LanguageModel, "countTokens" | "truncate"> {
  const tokenize = (text: string): Promise<unknown> =>
    ask(server, "/tokenize", { prompt: text, add_special_tokens: false });
  const truncate = async (text: string, limit: number): Promise<string> => {
    const { tokens } = parsed(server, tokenized, await tokenize(text));
    if (tokens.length <= limit) return text;
    const kept = await ask(server, "/detokenize", { tokens: tokens.slice(0, limit) });
    // The last character may have lost a part.
    return parsed(server, detokenized, kept).prompt.replace(/\uFFFD+$/, "");
  };
  return {
    countTokens: async (text) => parsed(server, counted, await tokenize(text)).count,
    ...(detokenizes && { truncate }),
  };
}

/** These paths stand beside `/v1`, not under it. */
async function ask(server: Server, path: string, body: object): Promise<unknown> {
  const leave = await server.gate.enter(undefined);
  try {
    return await server.transport.json(`/..${path}`, { model: server.model, ...body }, { signal: undefined });
  } finally {
    leave();
  }
}

function parsed<Value>({ where }: Server, schema: z.ZodType<Value>, answer: unknown): Value {
  const { data, error } = schema.safeParse(answer);
  if (data !== undefined) return data;
  throw new RetrieveError("network", `${where}: its tokens are malformed: ${error?.issues[0]?.message}`);
}
