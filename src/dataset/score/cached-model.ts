/** A language model whose answers are kept by content: nothing that was asked once is asked again, by whichever run. */

import type { LanguageModel } from "../../llm/index.ts";
import { RetrieveError } from "../../std/index.ts";
import { type CachedScore, cacheKey, openScoreCache } from "./cache.ts";
import { createRuler } from "./ruler.ts";
import { createScorer } from "./scorer.ts";

export interface CachedModel extends AsyncDisposable {
  readonly name: string;
  /** Tokens that prompt and continuation may take together; infinite where the model does not tell. */
  readonly window: number;
  /** Calls that run side by side. */
  readonly parallel: number;
  /** Sum of the log-probabilities of each continuation's tokens, and how many they are. */
  likelihoods(
    prompt: string,
    continuations: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly CachedScore[]>;
  /** What the model writes after the prompt, the likeliest token each time. */
  write(prompt: string, options: WriteOptions): Promise<string>;
  /** Tokens of a text. */
  count(text: string): Promise<number>;
  /** As much of the text's beginning as has at most `limit` tokens. */
  cut(text: string, limit: number): Promise<string>;
  /** What was asked so far. */
  spent(): { readonly calls: number; readonly cached: number };
}

export interface WriteOptions {
  readonly maxTokens: number;
  readonly stop: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the answers that are kept in `folder`; the model stays open when this is closed.
 *
 * Throws `disk` where the disk refuses. `likelihoods` of a model that tells none throws `unsupported`.
 */
export async function openCachedModel(model: LanguageModel, folder: string): Promise<CachedModel> {
  const cache = await openScoreCache(folder, model.name);
  const ruler = createRuler(model);
  const scorer = model.score === undefined ? undefined : createScorer(model, cache, ruler);
  const counts = { calls: 0, cached: 0 };
  return {
    name: model.name,
    window: model.contextLength ?? Number.POSITIVE_INFINITY,
    parallel: model.parallel,
    likelihoods: async (prompt, continuations, signal) => {
      if (scorer === undefined) {
        throw new RetrieveError(
          "unsupported",
          `${model.name} generates only and tells no likelihoods; wanted llama:PATH.gguf or a server with log-probabilities of the prompt`,
        );
      }
      const isKnown = scorer.knows({ prompt, continuations });
      counts[isKnown ? "cached" : "calls"]++;
      return await scorer.score({ prompt, continuations }, signal ? { signal } : {});
    },
    write: async (prompt, { maxTokens, stop, signal }) => {
      const key = cacheKey("write", model.name, prompt, { maxTokens, stop });
      const known = cache.text(key);
      counts[known === undefined ? "calls" : "cached"]++;
      if (known !== undefined) return known;
      let text = "";
      for await (const event of model.generate({ prompt }, { maxTokens, stop, ...(signal && { signal }) })) {
        if (event.type === "text") text += event.text;
      }
      await cache.putText(key, text);
      return text;
    },
    count: (text) => ruler.count(text),
    cut: (text, limit) => ruler.cut(text, limit),
    spent: () => ({ ...counts }),
    [Symbol.asyncDispose]: () => cache.close(),
  };
}
