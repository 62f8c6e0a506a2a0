/** Rewards by models that tell no likelihoods: what they say of a candidate, or what they write with it. */

import { type LanguageModel, type RewardMethod, reward } from "../../llm/index.ts";
import type { Measure } from "./scorer.ts";

export type OtherReward = Exclude<RewardMethod, "likelihood">;

const question = "Does what stands first lead to what stands last? Reply with yes or no.";

/**
 * Asked as a chat: a service without likelihoods is a chat service. `yes-no` shows prompt and answer and asks whether the one
 * leads to the other; the others compare the reply to the prompt with the answers.
 */
export function withoutLikelihood(model: LanguageModel, method: OtherReward): Measure {
  const ask = async (prompt: string, answers: readonly string[], signal: AbortSignal | undefined) => {
    const { values, bounded = [] } = await reward(
      model,
      method,
      { prompt, answers },
      { chat: true, ...(signal && { signal }) },
    );
    return values.map((sum) => ({ sum, tokens: 1, ...(bounded.length > 0 && { bounds: bounded.length }) }));
  };
  return {
    name: method,
    ask: async ({ prompt, continuations }, signal) => {
      if (method !== "yes-no") return await ask(prompt, continuations, signal);
      const asked = continuations.map((answer) => ask(`${prompt}${answer}\n\n${question}`, [answer], signal));
      return (await Promise.all(asked)).flat();
    },
  };
}
