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
  { signal }: ScoreOptions,
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
    return checked({ tokens, from: boundaryOf(model, prompt, start, tokens) }, context);
  });
  return await sequences.use(texts[0]?.tokens ?? start, signal, async (sequence) => {
    const scores: ContinuationScore[] = [];
    for (const text of texts) scores.push(await scoreOne(model, sequence, text, signal));
    return scores;
  });
}

function checked({ tokens, from }: Scored, { window }: LlamaContextOf): Scored {
  // The last token is predicted and not read.
  if (tokens.length - 1 > window) {
    throw new RetrieveError(
      "invalid_argument",
      `prompt and continuation are ${tokens.length} tokens, the window holds ${window}; shorten the prompt, or open the model with a larger window`,
    );
  }
  if (from > 0) return { tokens, from };
  throw new RetrieveError(
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
  await readUpTo(sequence, tokens.slice(0, from - 1), signal);
  if (signal?.aborted) throw interrupted(signal);
  const own = tokens.slice(from);
  const predicting = tokens.slice(from - 1, -1);
  const outputs = await sequence.controlledEvaluate(
    predicting.map((token, at) => [token, { generateNext: wanted([own[at] ?? token]) }]),
  );
  return {
    tokens: textsOf(model, tokens.slice(0, from), own),
    logProbabilities: own.map((token, at) => logProbability(outputs[at]?.next, token)),
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
