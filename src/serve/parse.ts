/** Bodies of requests, checked: what cannot be honoured is refused rather than left aside. */

import { z } from "zod";
import { Refusal } from "./refusal.ts";

/** Texts a request may hold. */
const maxPrompts = 256;

type Maybe<Value> = Value | null | undefined;

interface SharedRequest {
  readonly model?: Maybe<string>;
  readonly temperature?: Maybe<number>;
  readonly seed?: Maybe<number>;
  readonly stop: readonly string[];
  readonly stream?: Maybe<boolean>;
  readonly stream_options?: Maybe<{ readonly include_usage?: Maybe<boolean> }>;
  readonly max_tokens?: Maybe<number>;
}

export interface CompletionRequest extends SharedRequest {
  readonly prompt: readonly string[];
  readonly echo?: Maybe<boolean>;
  readonly logprobs?: Maybe<number>;
}

export interface ChatRequest extends SharedRequest {
  readonly messages: readonly RequestMessage[];
  readonly max_completion_tokens?: Maybe<number>;
  readonly tools?: Maybe<readonly { readonly function: RequestTool }[]>;
}

export interface RequestMessage {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool";
  readonly content: string;
  readonly tool_calls?: Maybe<
    readonly {
      readonly id: string;
      readonly function: { readonly name: string; readonly arguments: string };
    }[]
  >;
  readonly tool_call_id?: Maybe<string>;
}

interface RequestTool {
  readonly name: string;
  readonly description?: Maybe<string>;
  readonly parameters?: Maybe<Readonly<Record<string, unknown>>>;
}

const stop = z
  .union([z.string().transform((one) => [one]), z.array(z.string()).max(16)])
  .nullish()
  .transform((stops) => stops?.filter((one) => one !== "") ?? []);

/** Values that leave the output as it is; any other is not supported. */
function only(...values: readonly unknown[]): z.ZodType<unknown> {
  const allowed = z.unknown().refine((value) => value == null || values.includes(value), {
    message: `not supported here; leave it out, or send ${values.map((value) => JSON.stringify(value)).join(" or ")}`,
  });
  return allowed.optional();
}

const emptyObject = z.object({}).strict().nullish();

const shared = {
  model: z.string().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  seed: z.number().int().nullish(),
  stop,
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  n: only(1),
  top_p: only(1),
  frequency_penalty: only(0),
  presence_penalty: only(0),
  logit_bias: emptyObject,
};

const count = z.number().int().min(0);

const completionSchema: z.ZodType<CompletionRequest> = z.object({
  ...shared,
  prompt: z.union([
    z.string().transform((one) => [one]),
    z
      .array(z.string(), { error: "wanted a text or a list of texts; tokens are not supported" })
      .min(1)
      .max(maxPrompts),
  ]),
  max_tokens: count.nullish(),
  echo: z.boolean().nullish(),
  logprobs: z
    .number()
    .int()
    .min(0)
    .max(1, "this server tells the log-probability of each token and no others; wanted 0 or 1")
    .nullish(),
  best_of: only(1),
  suffix: only(""),
});

/** The body of `/v1/completions`. Throws a {@link Refusal} with 400 that names the field. */
export function parseCompletion(body: unknown): CompletionRequest {
  return parseWith(completionSchema, body);
}

const content = z
  .union([z.string(), z.array(z.object({ type: z.literal("text"), text: z.string() }))])
  .nullish()
  .transform((parts) => (typeof parts === "string" ? parts : (parts ?? []).map(({ text }) => text).join("")));

const toolCall = z.object({
  id: z.string(),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const message = z.object({
  role: z.enum(["system", "developer", "user", "assistant", "tool"]),
  content,
  tool_calls: z.array(toolCall).nullish(),
  tool_call_id: z.string().nullish(),
});

const tool = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string(),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

const chatSchema: z.ZodType<ChatRequest> = z.object({
  ...shared,
  messages: z.array(message).min(1),
  max_tokens: count.nullish(),
  max_completion_tokens: count.nullish(),
  tools: z.array(tool).nullish(),
  tool_choice: only("auto"),
  logprobs: only(false),
});

/** The body of `/v1/chat/completions`. Throws a {@link Refusal} with 400 that names the field. */
export function parseChat(body: unknown): ChatRequest {
  return parseWith(chatSchema, body);
}

const tokenizeSchema: z.ZodType<{ readonly prompt: string }> = z.object({
  prompt: z.string(),
  // A text is counted without marks.
  add_special_tokens: z.literal(false),
});

/** The body of `/tokenize`. Throws a {@link Refusal} with 400 that names the field. */
export function parseTokenize(body: unknown): { readonly prompt: string } {
  return parseWith(tokenizeSchema, body);
}

function parseWith<Value>(schema: z.ZodType<Value>, body: unknown): Value {
  const { data, error } = schema.safeParse(body);
  if (data !== undefined) return data;
  const issue = error?.issues[0];
  const field = issue?.path.join(".") ?? "";
  throw new Refusal(400, `${field === "" ? "body" : field}: ${issue?.message}`, field === "" ? null : field);
}
