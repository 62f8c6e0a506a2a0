/** What one server does not take, learnt from its refusals: servers differ in the fields that they know. */

import type { OnNotice } from "../../std/index.ts";
import { type Refusal, refusalOf } from "./refusal.ts";

type Body = Readonly<Record<string, unknown>>;

export interface Dialect {
  /** The request in the words of this server. */
  adapt(body: Body): Body;
  /** Whether the refusal taught something, so that the adapted request is worth another try. */
  learn(refusal: Refusal, sent: Body): boolean;
}

/** Fields that an answer can do without; whether the person should know is told. */
const dispensable: Readonly<Record<string, string | undefined>> = {
  stream_options: undefined,
  temperature: "it samples at its own temperature, so answers may differ from run to run",
  seed: "its answers may differ from run to run",
};

/** Starts with OpenAI's classic fields. */
export function createDialect(onNotice: OnNotice | undefined): Dialect {
  const dropped = new Set<string>();
  let limitField = "max_tokens";
  return {
    adapt: (body) => {
      const kept = Object.entries(body).filter(([field]) => !dropped.has(field));
      return Object.fromEntries(
        kept.map(([field, value]) => [field === "max_tokens" ? limitField : field, value]),
      );
    },
    learn: ({ status, message, param }, sent) => {
      if (status !== 400 && status !== 422) return false;
      // OpenAI's reasoning models renamed the limit and fix the temperature.
      if ("max_tokens" in sent && message.includes("max_completion_tokens")) {
        limitField = "max_completion_tokens";
        return true;
      }
      const field = Object.keys(dispensable).find(
        (name) => name in sent && (param === name || new RegExp(`\\b${name}\\b`).test(message)),
      );
      if (field === undefined) return false;
      dropped.add(field);
      const consequence = dispensable[field];
      if (consequence !== undefined) onNotice?.(`the server does not take "${field}": ${consequence}`);
      return true;
    },
  };
}

/** Sends a request, again in other words as long as refusals teach some. */
export async function askInDialect<Answer>(
  dialect: Dialect,
  body: Body,
  send: (sent: Body) => Promise<Answer>,
): Promise<Answer> {
  for (;;) {
    const sent = dialect.adapt(body);
    try {
      return await send(sent);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined || !dialect.learn(refusal, sent)) throw error;
    }
  }
}
