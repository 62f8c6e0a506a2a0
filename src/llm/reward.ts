/**
 * What a prompt is worth: how much it makes a language model say what was expected.
 *
 * Likelihood is the reward proper. The others stand in where a model tells none, and each carries its own name, so that
 * rewards of two kinds are never taken for one.
 */

import { RetrieveError } from "../std/index.ts";
import { exactMatch, wordF1 } from "./answer-match.ts";
import type { GenerateInput, LanguageModel } from "./language-model.ts";

export type RewardMethod =
  | "likelihood" // mean log-probability of an answer's tokens
  | "yes-no" // log-odds of yes against no as the first token
  | "generation-em" // exact match of what the model writes
  | "generation-f1"; // F1 of its words

export const rewardMethods: readonly RewardMethod[] = [
  "likelihood",
  "yes-no",
  "generation-em",
  "generation-f1",
];

export interface RewardRequest {
  /** All that stands before the answer; for `yes-no` a question that is answered with yes or no. */
  readonly prompt: string;
  /** Expected answers as they follow the prompt, with their leading space where one belongs. `yes-no` needs none. */
  readonly answers: readonly string[];
}

export interface RewardOptions {
  /** Sends the prompt as a user's message; for `yes-no` and `generation-…`, with models that know chats only. */
  readonly chat?: boolean;
  /** Of what is generated. Default 64, and a bare text ends with its line. */
  readonly maxTokens?: number;
  readonly signal?: AbortSignal;
}

export interface Reward {
  readonly method: RewardMethod;
  /** The best of `values`; higher is better. */
  readonly value: number;
  /** One for each answer; one alone for `yes-no`. */
  readonly values: readonly number[];
  /** Words of `yes-no` that are not among the tokens that the server told: their bound stands in for them. */
  readonly bounded?: readonly ("yes" | "no")[];
}

type Measure = (
  model: LanguageModel,
  request: RewardRequest,
  options: RewardOptions,
) => Promise<Omit<Reward, "method" | "value">>;

const measures: Readonly<Record<RewardMethod, Measure>> = {
  likelihood: byLikelihood,
  "yes-no": byYesNo,
  "generation-em": (...asked) => byGeneration(exactMatch, ...asked),
  "generation-f1": (...asked) => byGeneration(wordF1, ...asked),
};

/**
 * The reward of a prompt by the method that was chosen; never by another one.
 *
 * Throws `unsupported` where the model cannot, `invalid_argument` without answers or with an empty one.
 */
export async function reward(
  model: LanguageModel,
  method: RewardMethod,
  request: RewardRequest,
  options: RewardOptions = {},
): Promise<Reward> {
  const isAnswered = request.answers.length > 0 && request.answers.every((answer) => answer.trim() !== "");
  if (!isAnswered && method !== "yes-no") {
    const got = JSON.stringify(request.answers);
    throw new RetrieveError(
      "invalid_argument",
      `reward by ${method}: got the answers ${got}, wanted one or more, none empty`,
    );
  }
  const measured = await measures[method](model, request, options);
  return { method, value: Math.max(...measured.values), ...measured };
}

async function byLikelihood(
  model: LanguageModel,
  { prompt, answers }: RewardRequest,
  { signal }: RewardOptions,
): Promise<Pick<Reward, "values">> {
  if (model.score === undefined) {
    throw new RetrieveError(
      "unsupported",
      `${model.name} tells no likelihoods; wanted a model that scores, or one of ${rewardMethods.slice(1).join(", ")}`,
    );
  }
  const scores = await model.score(prompt, answers, signal && { signal });
  return {
    values: scores.map(
      ({ logProbabilities }) => sum(logProbabilities) / Math.max(logProbabilities.length, 1),
    ),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

async function byGeneration(
  measure: (text: string, answer: string) => number,
  model: LanguageModel,
  { prompt, answers }: RewardRequest,
  options: RewardOptions,
): Promise<Pick<Reward, "values">> {
  const { chat = false, maxTokens = 64, signal } = options;
  let text = "";
  const generation = model.generate(inputOf(prompt, chat), {
    maxTokens,
    ...(chat ? {} : { stop: ["\n"] }),
    ...(signal && { signal }),
  });
  for await (const event of generation) if (event.type === "text") text += event.text;
  return { values: answers.map((answer) => measure(text, answer)) };
}

function inputOf(prompt: string, chat: boolean): GenerateInput {
  return chat ? { messages: [{ role: "user", content: prompt }] } : { prompt };
}

type Word = "yes" | "no";

/** As tokenizers cut them: with and without a space before, in three casings. */
const variants = (word: Word): string[] =>
  [word, `${word[0]?.toUpperCase()}${word.slice(1)}`, word.toUpperCase()].flatMap((form) => [
    ` ${form}`,
    form,
  ]);

async function byYesNo(
  model: LanguageModel,
  { prompt }: RewardRequest,
  { chat = false, signal }: RewardOptions,
): Promise<Pick<Reward, "values" | "bounded">> {
  const options = signal && { signal };
  if (model.topTokens !== undefined) return logOdds(await model.topTokens(inputOf(prompt, chat), options));
  if (model.score === undefined || chat) {
    throw new RetrieveError(
      "unsupported",
      `${model.name} does not tell the probabilities of its first token; wanted a model that does, or generation-em, generation-f1`,
    );
  }
  const yes = variants("yes");
  const scores = await model.score(prompt, [...yes, ...variants("no")], options);
  const logs = scores.map(({ logProbabilities }) => sum(logProbabilities));
  return { values: [logSum(logs.slice(0, yes.length)) - logSum(logs.slice(yes.length))] };
}

/** A word that is not among the likeliest tokens is no likelier than the last of them. */
function logOdds(
  top: readonly { readonly text: string; readonly logProbability: number }[],
): Pick<Reward, "values" | "bounded"> {
  const least = Math.min(...top.map(({ logProbability }) => logProbability));
  const logOf = (word: Word): number | undefined => {
    const found = top.filter(
      ({ text }) =>
        text
          .replace(/^[▁Ġ\s]+/, "")
          .trim()
          .toLowerCase() === word,
    );
    return found.length === 0 ? undefined : logSum(found.map(({ logProbability }) => logProbability));
  };
  const logs = { yes: logOf("yes"), no: logOf("no") };
  const bounded = (["yes", "no"] as const).filter((word) => logs[word] === undefined);
  return { values: [(logs.yes ?? least) - (logs.no ?? least)], ...(bounded.length > 0 && { bounded }) };
}

/** ln of the sum of exponentials. */
function logSum(logs: readonly number[]): number {
  const most = Math.max(...logs);
  return most + Math.log(sum(logs.map((one) => Math.exp(one - most))));
}
