/** Perplexity of many texts, as LLM-Embedder reports it. */

import type { Summary } from "./benchmark.ts";
import { groupMeans, meansOf } from "./means.ts";
import type { QueryResult } from "./receipt.ts";

/** exp of the mean over the results of their mean loss per token, beside that loss; the same for each group. */
export function perplexity(results: readonly QueryResult[]): Summary {
  const groups = groupMeans(results);
  const hasGroups = results.some(({ group }) => group !== undefined);
  return {
    metrics: withPerplexity(meansOf(results).metrics),
    ...(hasGroups && {
      groups: Object.fromEntries(Object.entries(groups).map(([name, own]) => [name, withPerplexity(own)])),
    }),
  };
}

function withPerplexity(metrics: Readonly<Record<string, number>>): Record<string, number> {
  return { perplexity: Math.exp(metrics["nll"] ?? Number.POSITIVE_INFINITY), ...metrics };
}
