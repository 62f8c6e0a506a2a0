/** The two forms in which servers tell the log-probabilities of a text that they are given. */

import { z } from "zod";
import { tokenEnds } from "./align.ts";

/** `prompt_logprobs` is vLLM's; `echo` with `logprobs` is that of OpenAI's first models, as llama-cpp-python has it. */
export type ScoringForm = "prompt_logprobs" | "echo";

export const scoringForms: readonly ScoringForm[] = ["prompt_logprobs", "echo"];

/** A text as the server saw it. */
export interface ReadText {
  readonly tokens: readonly string[];
  /** Null where the server tells none, as for the first token. */
  readonly logProbabilities: readonly (number | null)[];
  /** Where each token ends in the text, in UTF-16 units. */
  readonly ends: readonly number[];
}

/** What is wrong with an answer. */
export type Fault =
  | "refused" // the request, with what the server said
  | "ignored" // it answers as if nothing had been asked
  | "truncated" // the tokens spell a part of the text, or some have no value
  | "misread" // the tokens are those of another text
  | "shifted" // the values belong to the tokens before or after
  | "constant" // one value for all
  | "positive" // above 0: no logarithm of a probability
  | "notANumber"
  | "unlike" // not what the server says when it generates the same token
  | "unchecked"; // nothing to compare with

export interface Finding {
  readonly fault: Fault;
  /** In words, for people. */
  readonly seen: string;
}

/** The request for `texts`. `maxTokens` is 1, or 0 where the server is known to take it: elsewhere 0 means no limit. */
export function scoringBody(
  form: ScoringForm,
  model: string,
  texts: readonly string[],
  maxTokens: 0 | 1,
): Readonly<Record<string, unknown>> {
  return {
    model,
    prompt: texts.length === 1 ? texts[0] : texts,
    max_tokens: maxTokens,
    temperature: 0,
    ...(form === "echo" ? { echo: true, logprobs: 1 } : { prompt_logprobs: 1 }),
  };
}

const value = z.union([z.number(), z.null(), z.string()]);
const entry = z.object({ logprob: value, rank: z.number().nullish(), decoded_token: z.string().nullish() });
const choice = z.object({
  index: z.number().int().nullish(),
  text: z.string().nullish(),
  prompt_logprobs: z.array(z.record(z.string(), entry).nullable()).nullish(),
  logprobs: z.object({ tokens: z.array(z.string()), token_logprobs: z.array(value) }).nullish(),
});
const answer = z.object({
  choices: z.array(choice),
  usage: z.object({ completion_tokens: z.number().nullish() }).nullish(),
});

type Choice = z.infer<typeof choice>;

/** The texts in the order in which they were sent, or the first fault. */
export function readScored(
  form: ScoringForm,
  texts: readonly string[],
  value: unknown,
): readonly ReadText[] | Finding {
  const { data, error } = answer.safeParse(value);
  if (data === undefined) {
    const issue = error.issues[0];
    return { fault: "misread", seen: `${issue?.path.join(".")}: ${issue?.message}` };
  }
  if (data.choices.length !== texts.length) {
    return { fault: "truncated", seen: `${data.choices.length} answers to ${texts.length} texts` };
  }
  const ordered = [...data.choices].sort((one, other) => (one.index ?? 0) - (other.index ?? 0));
  const generated = texts.length === 1 ? (data.usage?.completion_tokens ?? undefined) : undefined;
  const read: ReadText[] = [];
  for (const [index, text] of texts.entries()) {
    const one = readOne(form, text, ordered[index] as Choice, generated);
    if ("fault" in one) return one;
    read.push(one);
  }
  return read;
}

function readOne(
  form: ScoringForm,
  text: string,
  choice: Choice,
  generated: number | undefined,
): ReadText | Finding {
  return form === "echo" ? readEcho(text, choice, generated) : readPromptLogprobs(text, choice);
}

type Value = z.infer<typeof value>;

function readEcho(
  text: string,
  { text: echoed, logprobs }: Choice,
  generated: number | undefined,
): ReadText | Finding {
  if (!logprobs) return { fault: "ignored", seen: "no logprobs in the answer" };
  const { tokens, token_logprobs: values } = logprobs;
  if (!(echoed ?? "").startsWith(text)) {
    return {
      fault: "ignored",
      seen: `the text comes back without the prompt, with ${tokens.length} log-probabilities`,
    };
  }
  if (values.length !== tokens.length) {
    return { fault: "truncated", seen: `${values.length} log-probabilities for ${tokens.length} tokens` };
  }
  // The generated token stands at the end, unless the model ended there and the server leaves that out.
  const extras = [...new Set([generated ?? 1, 1, 0])].filter((extra) => extra <= tokens.length);
  for (const extra of extras) {
    const own = tokens.slice(0, tokens.length - extra);
    const ends = tokenEnds(text, own);
    if (ends !== undefined) return checked(text, own, values.slice(0, own.length), ends);
  }
  return misspelled(text, tokens);
}

function readPromptLogprobs(text: string, { prompt_logprobs: entries }: Choice): ReadText | Finding {
  if (!entries || entries.length === 0) return { fault: "ignored", seen: "no prompt_logprobs in the answer" };
  const chosen = entries.map((candidates) => (candidates === null ? undefined : ownEntry(candidates)));
  const tokens = chosen.map((one) => one?.decoded_token ?? undefined);
  const ends = tokenEnds(text, tokens);
  if (ends === undefined) return misspelled(text, tokens);
  const values = chosen.map((one) => one?.logprob ?? null);
  return checked(text, tokens, values, ends);
}

/**
 * The entry of the token that stands in the text. Beside it comes the likeliest token where that is another one, so it
 * is the one of the worst rank. (The order of the entries says nothing: JavaScript sorts keys that are numbers.)
 */
function ownEntry(
  candidates: Readonly<Record<string, z.infer<typeof entry>>>,
): z.infer<typeof entry> | undefined {
  return Object.values(candidates).sort((one, other) => (other.rank ?? 1) - (one.rank ?? 1))[0];
}

function misspelled(text: string, tokens: readonly (string | undefined)[]): Finding {
  const spell = (some: readonly (string | undefined)[]): string => some.join("").replaceAll("▁", " ").trim();
  // The last may be a generated one.
  const isPart = [tokens, tokens.slice(0, -1)].some(
    (some) => spell(some) !== "" && text.includes(spell(some)),
  );
  return {
    fault: isPart || tokens.length === 0 ? "truncated" : "misread",
    seen: `${tokens.length} tokens that spell ${shown(spell(tokens))} where ${shown(text)} was sent`,
  };
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

/** What numeric noise may put above 0. */
const noise = 1e-3;

function checked(
  text: string,
  tokens: readonly (string | undefined)[],
  values: readonly Value[],
  ends: readonly number[],
): ReadText | Finding {
  const odd = values.find((one) => typeof one === "string" || (one !== null && !Number.isFinite(one)));
  if (odd !== undefined) return { fault: "notANumber", seen: `a log-probability of ${odd}` };
  const numbers = values.map((one) => (typeof one === "number" ? one : null));
  const above = numbers.find((one) => one !== null && one > noise);
  if (above != null) return { fault: "positive", seen: `a log-probability of ${above}` };
  const first = ends.findIndex((end) => end > 0);
  const missing = numbers.filter((one, index) => one === null && index > Math.max(first, 0)).length;
  if (missing > 0)
    return { fault: "truncated", seen: `${missing} of ${tokens.length} tokens without a log-probability` };
  const texts = tokens.map((token, index) => token ?? text.slice(ends[index - 1] ?? 0, ends[index]));
  return {
    tokens: texts,
    logProbabilities: numbers.map((one) => (one === null ? null : Math.min(one, 0))),
    ends,
  };
}
