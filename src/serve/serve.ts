/** A language model for other programs and machines, by OpenAI's API. */

import { createHash } from "node:crypto";
import type { LanguageModel } from "../llm/index.ts";
import { RetrieveError } from "../std/index.ts";
import { chat } from "./chat.ts";
import { complete, now } from "./completions.ts";
import { isLoopback, type Reply, type Request, type Route, type RunningServer, serveRoutes } from "./http.ts";
import { parseTokenize } from "./parse.ts";
import { Refusal } from "./refusal.ts";

export interface ServeOptions {
  /** Stays open when the server closes. */
  readonly llm: LanguageModel;
  /** What clients call the model. Default its name. */
  readonly id?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** Default 127.0.0.1: this machine alone. Any other address wants a key. */
  readonly host?: string;
  /** Wanted from clients as a bearer token. */
  readonly key?: string;
  /** Default 16 MiB. */
  readonly maxBodyBytes?: number;
  /** Requests at once, waiting ones included; more get 429. Default 256. */
  readonly maxRequests?: number;
}

/**
 * Serves a language model: `/v1/completions` with `echo` and `logprobs`, `/v1/chat/completions`, `/v1/models`,
 * and `/tokenize` where the model counts tokens.
 *
 * Work ends when its client goes away. Throws `not_allowed` where the port is taken, and for an address that other machines
 * reach without a key.
 */
export async function serveCompletions(options: ServeOptions): Promise<RunningServer> {
  const { llm, id = llm.name, port = 0, host = "127.0.0.1", key } = options;
  const { maxBodyBytes = 16 * 1024 * 1024, maxRequests = 256 } = options;
  if (!isLoopback(host) && key === undefined) {
    throw new RetrieveError(
      "not_allowed",
      `got the host ${host}, which other machines reach, and no key; wanted one, by RETRIEVE_SERVE_KEY or the option key`,
    );
  }
  const created = now();
  const card = {
    id,
    object: "model",
    created,
    owned_by: "retrieve-anything",
    fingerprint: fingerprintOf(llm),
    ...(llm.contextLength !== undefined && { max_model_len: llm.contextLength }),
    ...(llm.countTokens !== undefined && { counts_tokens: true }),
  };
  const post = (
    path: string,
    handle: (model: LanguageModel, id: string, request: Request) => Promise<Reply>,
  ): Route => ({
    method: "POST",
    path,
    handle: async (request) => {
      requireModel(id, request.body);
      return await handle(llm, id, request);
    },
  });
  const routes: readonly Route[] = [
    { method: "GET", path: "/v1/models", handle: async () => ({ json: { object: "list", data: [card] } }) },
    post("/v1/completions", complete),
    post("/v1/chat/completions", chat),
    ...(llm.countTokens === undefined ? [] : [post("/tokenize", countTokens)]),
  ];
  return await serveRoutes(routes, { port, host, key, maxBodyBytes, maxRequests });
}

/** Tells other weights under the same id apart, and not what the model is called on this machine. */
function fingerprintOf({ name }: LanguageModel): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 12);
}

/** In the words of vLLM, without the tokens themselves, which a model here does not tell. */
async function countTokens(model: LanguageModel, _id: string, { body }: Request): Promise<Reply> {
  const count = await model.countTokens?.(parseTokenize(body).prompt);
  return { json: { count, max_model_len: model.contextLength ?? null } };
}

/** A request may leave the name out: there is one model. */
function requireModel(id: string, body: unknown): void {
  const asked = typeof body === "object" && body !== null && "model" in body ? body.model : undefined;
  if (asked == null || asked === id) return;
  throw new Refusal(404, `no model ${JSON.stringify(asked)} here; wanted ${JSON.stringify(id)}`, "model");
}
