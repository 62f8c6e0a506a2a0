/** The likeliest first tokens of an answer, as servers tell them. */

import { z } from "zod";
import { RetrieveError } from "../../std/index.ts";
import type { GenerateInput, ScoreOptions, TokenProbability } from "../language-model.ts";
import { askInDialect } from "./dialect.ts";
import { refusalOf } from "./refusal.ts";
import { generateRequest } from "./request.ts";
import type { Server } from "./server.ts";

/** OpenAI's limit for chats and vLLM's default; bare texts have 5 at OpenAI. */
const counts: readonly number[] = [20, 5];

const chatAnswer = z.object({
  choices: z.tuple([
    z.object({
      logprobs: z.object({
        content: z
          .tuple([z.object({ top_logprobs: z.array(z.object({ token: z.string(), logprob: z.number() })) })])
          .rest(z.unknown()),
      }),
    }),
  ]),
});
const textAnswer = z.object({
  choices: z.tuple([
    z.object({
      logprobs: z.object({ top_logprobs: z.tuple([z.record(z.string(), z.number())]).rest(z.unknown()) }),
    }),
  ]),
});

/** Throws `unsupported` where the server tells none. */
export async function topTokens(
  server: Server,
  input: GenerateInput,
  { signal }: ScoreOptions,
): Promise<readonly TokenProbability[]> {
  const { path, body } = generateRequest(server.model, input, { maxTokens: 1 });
  const { stream: _, stream_options: __, ...asked } = body;
  const leave = await server.gate.enter(signal);
  try {
    const answer = await firstTaken(counts, (count) => {
      const wish = "prompt" in input ? { logprobs: count } : { logprobs: true, top_logprobs: count };
      return askInDialect(server.dialect, { ...asked, ...wish }, (sent) =>
        server.transport.json(path, sent, { signal }),
      );
    });
    return readTop(server, "prompt" in input, answer);
  } finally {
    leave();
  }
}

/** Tries smaller counts where a larger one is refused. */
async function firstTaken(of: readonly number[], ask: (count: number) => Promise<unknown>): Promise<unknown> {
  const [count = 1, ...smaller] = of;
  try {
    return await ask(count);
  } catch (error) {
    const status = refusalOf(error)?.status;
    if (smaller.length > 0 && (status === 400 || status === 422)) return await firstTaken(smaller, ask);
    throw error;
  }
}

function readTop({ where }: Server, isBare: boolean, answer: unknown): readonly TokenProbability[] {
  const tokens = isBare
    ? Object.entries(textAnswer.safeParse(answer).data?.choices[0].logprobs.top_logprobs[0] ?? {})
    : (chatAnswer.safeParse(answer).data?.choices[0].logprobs.content[0].top_logprobs ?? []).map(
        ({ token, logprob }) => [token, logprob] as const,
      );
  if (tokens.length > 1)
    return tokens.map(([text, logProbability]) => ({ text, logProbability: Math.min(logProbability, 0) }));
  throw new RetrieveError(
    "unsupported",
    `${where} tells ${tokens.length} likeliest tokens where several were asked for; wanted a server with top_logprobs`,
  );
}
