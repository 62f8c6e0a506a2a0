/** Continuations scored by a language model, each once: what the cache knows is not asked again. */

import type { ContinuationScore, LanguageModel } from "../../llm/index.ts";
import { RetrieveError } from "../../std/index.ts";
import { type CachedScore, cacheKey, type ScoreCache } from "./cache.ts";
import type { Ruler } from "./ruler.ts";
import type { TeacherHooks } from "./teacher.ts";

/** A prompt and what may follow it. */
export interface Ask {
  readonly prompt: string;
  readonly continuations: readonly string[];
}

export interface Scorer {
  /** Scores in the order of the continuations. */
  score(ask: Ask, hooks: TeacherHooks): Promise<CachedScore[]>;
  /** Scores ahead of time: what it asks the model for counts here, and not again as found when it is wanted. */
  scoreAhead(ask: Ask, hooks: TeacherHooks): Promise<void>;
  /** Whether all scores are known. */
  knows(ask: Ask): boolean;
  /** Tokens that an evaluation takes. */
  cost(ask: Ask): Promise<number>;
}

/** How the model is asked, under a name of its own: scores of two measures are never taken for one. */
export interface Measure {
  readonly name: string;
  readonly ask: (ask: Ask, signal: AbortSignal | undefined) => Promise<CachedScore[]>;
}

export function createScorer(
  model: LanguageModel,
  cache: ScoreCache,
  ruler: Ruler,
  measure: Measure = likelihood(model),
): Scorer {
  const { name } = model;
  const keyOf = (prompt: string, continuation: string): string =>
    cacheKey(measure.name, name, prompt, continuation);
  /** Asked and not yet answered. */
  const pending = new Map<string, Promise<void>>();
  /** Scored ahead of time, and not wanted since. */
  const ahead = new Set<string>();

  const cost = async ({ prompt, continuations }: Ask): Promise<number> => {
    const counts = await Promise.all([prompt, ...continuations].map((text) => ruler.count(text)));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  const evaluate = async (ask: Ask, hooks: TeacherHooks): Promise<void> => {
    const tokens = await cost(ask);
    const scores = await measure.ask(ask, hooks.signal);
    await Promise.all(
      scores.map((one, index) => cache.putScore(keyOf(ask.prompt, ask.continuations[index] ?? ""), one)),
    );
    hooks.onSpent?.({ scored: scores.length, tokens });
  };
  /** Asks for what is neither known nor asked for already; these continuations' keys. */
  const askUnknown = async ({ prompt, continuations }: Ask, hooks: TeacherHooks): Promise<string[]> => {
    const unknown = new Map(continuations.map((continuation) => [keyOf(prompt, continuation), continuation]));
    for (const key of unknown.keys()) {
      if (cache.score(key) !== undefined || pending.has(key)) unknown.delete(key);
    }
    if (unknown.size === 0) return [];
    const evaluation = evaluate({ prompt, continuations: [...unknown.values()] }, hooks);
    for (const key of unknown.keys()) pending.set(key, evaluation);
    try {
      await evaluation;
    } finally {
      for (const key of unknown.keys()) pending.delete(key);
    }
    return [...unknown.keys()];
  };
  return {
    knows: ({ prompt, continuations }) =>
      continuations.every((continuation) => cache.score(keyOf(prompt, continuation)) !== undefined),
    cost,
    scoreAhead: async (ask, hooks) => {
      for (const key of await askUnknown(ask, hooks)) ahead.add(key);
    },
    score: async (ask, hooks) => {
      const keys = ask.continuations.map((continuation) => keyOf(ask.prompt, continuation));
      const asked = await askUnknown(ask, hooks);
      const counted = asked.length + keys.filter((key) => ahead.delete(key)).length;
      hooks.onSpent?.({ cached: keys.length - counted });
      return await Promise.all(
        keys.map(async (key) => {
          await pending.get(key);
          const score = cache.score(key);
          if (score !== undefined) return score;
          throw new RetrieveError("internal", `no score of ${name} after it was asked`);
        }),
      );
    },
  };
}

/**
 * Sums of log-probabilities; nothing passes that is none, since a reward of NaN would spoil a whole training.
 *
 * Throws `unsupported` for a model that tells no likelihoods.
 */
function likelihood(model: LanguageModel): Measure {
  const { name, score } = model;
  if (score === undefined) {
    throw new RetrieveError(
      "unsupported",
      `${name} generates only and tells no likelihoods; wanted a model that scores (llama:PATH.gguf, a server with log-probabilities of the prompt), or a reward that needs none: yes-no, generation-em, generation-f1`,
    );
  }
  return {
    name: "score",
    ask: async ({ prompt, continuations }, signal) => {
      const scores = await score.call(model, prompt, continuations, signal && { signal });
      if (scores.length !== continuations.length) {
        throw refusal(name, `gave ${scores.length} scores for ${continuations.length} continuations`);
      }
      return scores.map((one, index) => checked(one, name, continuations[index] ?? ""));
    },
  };
}

function checked({ logProbabilities }: ContinuationScore, name: string, continuation: string): CachedScore {
  const shown = JSON.stringify(continuation.slice(0, 60));
  if (logProbabilities.length === 0) throw refusal(name, `gave no token for ${shown}`);
  const wrong = logProbabilities.find((value) => !(Number.isFinite(value) && value <= 0));
  if (wrong !== undefined) throw refusal(name, `gave ${wrong} for a token of ${shown}`);
  return {
    tokens: logProbabilities.length,
    sum: logProbabilities.reduce((sum, value) => sum + value, 0),
  };
}

function refusal(name: string, what: string): RetrieveError {
  return new RetrieveError(
    "invalid_data",
    `${name} ${what}; wanted finite log-probabilities, none above 0; it is refused and nothing of it is kept`,
  );
}
