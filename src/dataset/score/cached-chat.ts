/** A language model whose generations are kept by content: what it was asked once is played back. */

import type { GenerateEvent, LanguageModel } from "../../llm/index.ts";
import { cacheKey, openScoreCache } from "./cache.ts";

export interface CachedChat extends AsyncDisposable {
  readonly model: LanguageModel;
  spent(): { readonly calls: number; readonly cached: number };
}

/**
 * `model`, with every generation kept in `folder`: messages, tools and options make the key, and all events are kept,
 * calls of tools among them. A generation that fails or is cut off is not kept. Closing leaves the model open.
 */
export async function openCachedChat(model: LanguageModel, folder: string): Promise<CachedChat> {
  const cache = await openScoreCache(folder, model.name);
  const counts = { calls: 0, cached: 0 };
  return {
    model: {
      ...model,
      async *generate(input, options = {}) {
        const { signal: _signal, ...asked } = options;
        const key = cacheKey("events", model.name, input, asked);
        const known = cache.text(key);
        counts[known === undefined ? "calls" : "cached"]++;
        if (known !== undefined) {
          const events: GenerateEvent[] = JSON.parse(known);
          yield* events;
          return;
        }
        const events: GenerateEvent[] = [];
        for await (const event of model.generate(input, options)) {
          events.push(event);
          if (event.type === "end") await cache.putText(key, JSON.stringify(events));
          yield event;
        }
      },
      close: async () => undefined,
    },
    spent: () => ({ ...counts }),
    [Symbol.asyncDispose]: () => cache.close(),
  };
}
