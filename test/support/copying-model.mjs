/** A language model that finds likely the words that its prompt holds, as real ones do. Each question to it can be watched. */

import { setTimeout as delay } from "node:timers/promises";

/** `onAsk` is told each prompt with its continuation; `wait` is how long an answer takes, in ms. */
export function copyingModel({ onAsk = () => undefined, wait = 0 } = {}) {
  return {
    name: "copying",
    contextLength: 1000,
    parallel: 2,
    countTokens: async (text) => text.split(/\s+/).length,
    score: async (prompt, continuations) => {
      for (const continuation of continuations) onAsk(prompt + continuation);
      if (wait > 0) await delay(wait);
      const known = new Set(prompt.split(/\s+/));
      return continuations.map((continuation) => {
        const words = continuation.trim().split(/\s+/);
        const share = words.filter((word) => known.has(word)).length / words.length;
        return { tokens: [continuation], logProbabilities: [-3 + 2.5 * share] };
      });
    },
    async *generate() {
      yield { type: "end", reason: "stop", usage: { promptTokens: 0, outputTokens: 0 } };
    },
    close: async () => undefined,
  };
}
