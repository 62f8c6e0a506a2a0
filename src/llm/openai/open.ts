/** A language model behind an OpenAI-compatible server. */

import { z } from "zod";
import { messageOf, type OnNotice, RetrieveError } from "../../std/index.ts";
import { createGate } from "../gate.ts";
import type { GenerateEvent, GenerateInput, GenerateOptions, LanguageModel } from "../language-model.ts";
import { parseOpenaiAddress } from "./address.ts";
import { eventsOf } from "./answer.ts";
import { askInDialect, createDialect } from "./dialect.ts";
import { refusalOf } from "./refusal.ts";
import { type GenerateRequest, generateRequest } from "./request.ts";
import { createScore } from "./score.ts";
import type { Server } from "./server.ts";
import { tokenFunctions } from "./tokens.ts";
import { topTokens } from "./top-tokens.ts";
import { createTransport, type RequestOptions, type Transport } from "./transport.ts";

export interface OpenOpenaiOptions {
  /** Sent to the server as a bearer token; never part of a message. */
  readonly key?: string;
  /** Seconds that the server may be silent, before its answer and within it. Default 120, at most 300. */
  readonly timeout?: number;
  /** Requests at once; the others wait. Default 8. */
  readonly parallel?: number;
  /** How often a request is made when the server fails or is busy. Default 5. */
  readonly tries?: number;
  readonly onNotice?: OnNotice;
  /** Ends the opening; calls have signals of their own. */
  readonly signal?: AbortSignal;
}

/** `fetch` gives up after 300 s of silence, whatever its caller says. */
const longestTimeout = 300;

/**
 * Opens `MODEL@URL`. Asks the server once for its models, for the length of the context and to find out early that it
 * is not there; servers without that list are taken as they are.
 *
 * Throws `invalid_argument` for an address or an option out of its range, `network` where nothing answers,
 * `not_allowed` for a key that is refused.
 */
export async function openOpenai(address: string, options: OpenOpenaiOptions = {}): Promise<LanguageModel> {
  const { model, base } = parseOpenaiAddress(address);
  const { key, timeout = 120, parallel = 8, tries = 5, onNotice, signal } = options;
  requireInRange("timeout", timeout, 0.001, longestTimeout);
  requireInRange("parallel", parallel, 1, 4096);
  requireInRange("tries", tries, 1, 100);
  const transport = createTransport({ base, key, timeoutMs: timeout * 1000, tries, onNotice });
  const card = await findCard(transport, model, { signal, tries: Math.min(tries, 2) }, onNotice);
  const server: Server = {
    model,
    where: `${model} at ${base}`,
    transport,
    gate: createGate(parallel),
    dialect: createDialect(onNotice),
    takesZeroTokens: card?.isOurs ?? false,
  };
  return {
    name: `openai:${model}@${base}${card?.fingerprint === undefined ? "" : `#${card.fingerprint}`}`,
    contextLength: card?.contextLength,
    parallel,
    generate: (input, generateOptions = {}) => generate(server, input, generateOptions),
    score: createScore(server, onNotice),
    topTokens: (asked, topOptions = {}) => topTokens(server, asked, topOptions),
    ...(card?.countsTokens === true && tokenFunctions(server, card.isVllm)),
    close: async () => {},
  };
}

function requireInRange(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new RetrieveError("invalid_argument", `${name}: got ${value}, wanted ${least} to ${most}`);
}

async function* generate(
  server: Server,
  input: GenerateInput,
  options: GenerateOptions,
): AsyncGenerator<GenerateEvent> {
  const request = generateRequest(server.model, input, options);
  const leave = await server.gate.enter(options.signal);
  try {
    const chunks = await begin(server, request, options);
    yield* eventsOf(chunks, server.where, request.characters);
  } finally {
    leave();
  }
}

/** The stream of an answer, asked for in words that the server takes. */
async function begin(
  { transport, dialect }: Server,
  { path, body }: GenerateRequest,
  { signal, tools = [] }: GenerateOptions,
): Promise<AsyncGenerator<unknown>> {
  try {
    return await askInDialect(dialect, body, (sent) => transport.stream(path, sent, { signal }));
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined || tools.length === 0 || refusal.status >= 500) throw error;
    if (!/\b(tools?|functions?|tool_\w+)\b/i.test(refusal.message)) throw error;
    throw new RetrieveError("unsupported", messageOf(error), { cause: refusal });
  }
}

const cardSchema = z.object({
  id: z.string(),
  owned_by: z.string().nullish(),
  /** Of this package. */
  counts_tokens: z.boolean().nullish(),
  fingerprint: z.string().nullish(),
  /** Names of the length of the context: vLLM and this package, OpenRouter, Groq. */
  max_model_len: z.number().nullish(),
  context_length: z.number().nullish(),
  context_window: z.number().nullish(),
});
const cardsSchema = z.object({ data: z.array(cardSchema) });

interface Card {
  readonly contextLength: number | undefined;
  /** Served by this package. */
  readonly isOurs: boolean;
  readonly isVllm: boolean;
  readonly countsTokens: boolean;
  /** Of the weights, where the server tells them apart. */
  readonly fingerprint: string | undefined;
}

/** What the server tells of the model; undefined where it keeps no list that can be read. */
async function findCard(
  transport: Transport,
  model: string,
  request: RequestOptions,
  onNotice: OnNotice | undefined,
): Promise<Card | undefined> {
  const cards = await listCards(transport, request);
  const card = cards.find(({ id }) => id === model);
  if (card === undefined && cards.length > 0) {
    const names = cards.map(({ id }) => id).slice(0, 5);
    onNotice?.(
      `the server does not list a model "${model}"; it lists ${names.join(", ")}${cards.length > 5 ? ", …" : ""}`,
    );
  }
  if (card === undefined) return undefined;
  const isVllm = card.owned_by === "vllm";
  const { owned_by: owner, max_model_len: window, context_length: other, context_window: third } = card;
  return {
    contextLength: window ?? other ?? third ?? undefined,
    isOurs: owner === "retrieve-anything",
    isVllm,
    countsTokens: isVllm || card.counts_tokens === true,
    fingerprint: card.fingerprint ?? undefined,
  };
}

async function listCards(
  transport: Transport,
  request: RequestOptions,
): Promise<z.infer<typeof cardSchema>[]> {
  try {
    return cardsSchema.safeParse(await transport.json("/models", undefined, request)).data?.data ?? [];
  } catch (error) {
    const status = refusalOf(error)?.status;
    if (status === undefined || status === 401) throw error;
    return [];
  }
}
