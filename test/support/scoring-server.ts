/** `/v1/completions` over the bigram model, in the words of vLLM or llama-cpp-python, honest or not. */

import { likeliest, logProbabilities, logProbability, tokenize } from "./bigram-model.ts";
import { type Received, type SmallServer, sendJson, smallServer } from "./http-server.ts";

/** Tokens and values of a text before they are sent. */
export interface Told {
  readonly tokens: string[];
  readonly values: (number | null | string)[];
}

export interface Manners {
  /** `echo` and `logprobs` do something. Default true. */
  readonly echo?: boolean;
  /** `prompt_logprobs` does something. Default false. */
  readonly promptLogprobs?: boolean;
  /** Several prompts in a request. Default true. */
  readonly lists?: boolean;
  /** A generated token comes with its value. Default true. */
  readonly generatedLogprobs?: boolean;
  /** The status with which a request fails, by its number from 1; it may be sent again at once. */
  readonly failure?: (number: number) => number | undefined;
  /** What is told of a text, by what is true. */
  readonly tell?: (told: Told, text: string) => Told;
}

interface Asked {
  readonly prompt: string | readonly string[];
  readonly echo?: boolean;
  readonly logprobs?: number;
  readonly prompt_logprobs?: number;
}

export function scoringServer(manners: Manners = {}): Promise<SmallServer> {
  const { lists = true } = manners;
  return smallServer((response, { body }: Received, number) => {
    const status = manners.failure?.(number);
    if (status !== undefined) {
      return sendJson(response, { error: { message: "not now" } }, status, { "retry-after": "0" });
    }
    const asked: Asked = body;
    const prompts = typeof asked.prompt === "string" ? [asked.prompt] : asked.prompt;
    if (prompts.length > 1 && !lists) return sendJson(response, { error: { message: "assertion" } }, 500);
    // Out of order, as their indexes allow.
    const choices = prompts.map((prompt, index) => ({ index, ...choice(prompt, asked, manners) })).reverse();
    const usage = { prompt_tokens: 1, completion_tokens: prompts.length };
    // As Python writes it.
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ choices, usage }).replaceAll('"NaN"', "NaN"));
  });
}

function choice(prompt: string, asked: Asked, manners: Manners): object {
  const { echo = true, promptLogprobs = false, generatedLogprobs = true, tell = (told) => told } = manners;
  const tokens = tokenize(prompt);
  const [next = ""] = likeliest(tokens.at(-1));
  const value = logProbability(tokens.at(-1), next);
  const told = tell(
    { tokens, values: logProbabilities(tokens).map((one, index) => (index === 0 ? null : one)) },
    prompt,
  );
  const echoes = asked.echo === true && echo;
  const generated = generatedLogprobs ? { tokens: [next], token_logprobs: [value] } : null;
  const echoed = { tokens: [...told.tokens, next], token_logprobs: [...told.values, value] };
  return {
    text: echoes ? prompt + next : next,
    logprobs: asked.logprobs === undefined ? null : echoes ? echoed : generated,
    ...(promptLogprobs && asked.prompt_logprobs !== undefined && { prompt_logprobs: entries(told) }),
  };
}

/** vLLM's entries: by token id, the likeliest token beside the one that stands there. */
function entries({ tokens, values }: Told): object[] {
  return tokens.map((token, index) => {
    const value = values[index] ?? null;
    if (value === null) return null as unknown as object;
    const [best = ""] = likeliest(tokens[index - 1]);
    const own = { logprob: value, rank: best === token ? 1 : 7, decoded_token: token };
    const other = { logprob: logProbability(tokens[index - 1], best), rank: 1, decoded_token: best };
    return best === token ? { 5: own } : index % 2 === 0 ? { 3: other, 5: own } : { 5: own, 9: other };
  });
}
