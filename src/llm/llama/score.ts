/** Log-probabilities of continuations, exact for the tokens that llama.cpp reads. */

import type { ControlledEvaluateIndexOutput, LlamaContextSequence, LlamaModel, Token } from "node-llama-cpp";
import { RetrieveError } from "../../std/index.ts";
import { interrupted } from "../interrupted.ts";
import type { ContinuationScore, ScoreOptions, TokenProbability } from "../language-model.ts";
import { readUpTo, type Sequences } from "./sequences.ts";
import { boundaryOf, textsOf, tokensOf } from "./tokens.ts";

export interface LlamaContextOf {
  readonly model: LlamaModel;
  readonly sequences: Sequences;
  /** Tokens of a sequence. */
  readonly window: number;
}

/** A text, and where its continuation begins. */
interface Scored {
  readonly tokens: readonly Token[];
  readonly from: number;
}

/**
 * The prompt is read once and kept while its continuations are scored one after the other on it; prompts that come side by
 * side are read in common batches, on sequences of their own.
 */
export async function scoreContinuations(
  context: LlamaContextOf,
  prompt: string,
  continuations: readonly string[],
  { zeroFirst = false, signal }: ScoreOptions,
): Promise<ContinuationScore[]> {
  const { model, sequences } = context;
  const start = tokensOf(model, prompt);
  const texts = continuations.map((continuation): Scored => {
    if (continuation === "") {
      throw new RetrieveError(
        "invalid_argument",
        "score: an empty continuation has no likelihood; give it a text",
      );
    }
    const tokens = tokensOf(model, prompt + continuation);
    const scored = checked({ tokens, from: boundaryOf(model, prompt, start, tokens) }, context);
    if (scored.from === 0 && !zeroFirst) throw nothingBefore();
    return scored;
  });
  return await sequences.use(texts[0]?.tokens ?? start, signal, async (sequence) => {
    const scores: ContinuationScore[] = [];
    for (const text of texts) scores.push(await scoreOne(model, sequence, text, signal));
    return scores;
  });
}

function checked(scored: Scored, { window }: LlamaContextOf): Scored {
  const { length } = scored.tokens;
  // The last token is predicted and not read.
  if (length - 1 <= window) return scored;
  throw new RetrieveError(
    "invalid_argument",
    `prompt and continuation are ${length} tokens, the window holds ${window}; shorten the prompt, or open the model with a larger window (--context-length)`,
  );
}

function nothingBefore(): RetrieveError {
  return new RetrieveError(
    "unsupported",
    "this model has no mark of the beginning, so that nothing stands before the first token; give it a prompt",
  );
}

async function scoreOne(
  model: LlamaModel,
  sequence: LlamaContextSequence,
  { tokens, from }: Scored,
  signal: AbortSignal | undefined,
): Promise<ContinuationScore> {
  const first = Math.max(from, 1); // that something stands before
  await readUpTo(sequence, tokens.slice(0, first - 1), signal);
  if (signal?.aborted) throw interrupted(signal);
  const predicted = tokens.slice(first);
  const outputs = await sequence.controlledEvaluate(
    predicted.map((token, at) => [tokens[first - 1 + at] ?? token, { generateNext: wanted([token]) }]),
  );
  const values = predicted.map((token, at) => logProbability(outputs[at]?.next, token));
  return {
    tokens: textsOf(model, tokens.slice(0, from), tokens.slice(from)),
    logProbabilities: from === 0 ? [0, ...values] : values,
  };
}

/**
 * Logits of `tokens` and of the likeliest, and the sum over the whole vocabulary: ten times less to hand over than all
 * probabilities. `includeTop` and not `includeMax`, which does not give the maximum (node-llama-cpp 3.22); no options of
 * a sampler, which would cut the vocabulary.
 */
function wanted(tokens: readonly Token[], top = 1) {
  return { logits: { filter: { tokens, includeTop: top } }, totalLogitWeight: true } as const;
}

/** Rounding may lift a certain token a little above 0. */
const rounding = 1e-4;

/** ln p = logit - max - ln(sum of e^(logit - max)). */
function logProbability(next: ControlledEvaluateIndexOutput["next"] | undefined, token: Token): number {
  const { logits, totalLogitWeight } = next ?? {};
  const logit = logits?.get(token);
  if (logits === undefined || logit === undefined || totalLogitWeight === undefined) {
    throw new RetrieveError(
      "unsupported",
      "this model gives no logits; likelihoods need a model that generates text",
    );
  }
  const value = logit - Math.max(...logits.values()) - Math.log(totalLogitWeight);
  if (Number.isFinite(value) && value <= rounding) return Math.min(value, 0);
  throw new RetrieveError(
    "unsupported",
    `llama.cpp gave ${value} as a log-probability; the model file may be damaged`,
  );
}

/** The likeliest tokens after some others. */
export async function likeliestAfter(
  { model, sequences }: LlamaContextOf,
  tokens: readonly Token[],
  count: number,
  { signal }: ScoreOptions,
): Promise<TokenProbability[]> {
  return await sequences.use(tokens, signal, async (sequence) => {
    await readUpTo(sequence, tokens.slice(0, -1), signal);
    const last = tokens.slice(-1);
    const outputs = await sequence.controlledEvaluate(
      last.map((token) => [token, { generateNext: wanted([], Math.max(count, 1)) }]),
    );
    const next = outputs[0]?.next;
    return [...(next?.logits?.keys() ?? [])]
      .map((token) => ({
        text: model.detokenize([token], false, [...tokens.slice(-4)]),
        logProbability: logProbability(next, token),
      }))
      .toSorted((left, right) => right.logProbability - left.logProbability)
      .slice(0, count);
  });
}
