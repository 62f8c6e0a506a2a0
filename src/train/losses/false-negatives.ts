/** Keys of other queries that are right answers all the same, and must not be pushed away. */

import { RetrieveError } from "../../std/index.ts";
import { ownKeys } from "./loss.ts";

export interface BatchTexts {
  /** As in a loss batch [B + 1]. */
  readonly starts: Int32Array;
  /** [B] */
  readonly queries: readonly string[];
  /** [K] */
  readonly keys: readonly string[];
  /** The listed positives of each query [B], also those that no key of the batch stands for. */
  readonly positives: readonly (readonly string[])[];
}

/**
 * The `ignored` of a loss batch [B, K]: 1 where a key of another group has the text of a positive of the query, be it
 * listed, the first of its own keys, or such a positive of a query with the same text.
 *
 * Texts are compared as they are. Time O(K + Σ positives), plus B K bytes for the answer.
 */
export function falseNegatives(texts: BatchTexts): Uint8Array {
  const { starts, queries, keys } = texts;
  if (starts.length !== queries.length + 1 || texts.positives.length !== queries.length) {
    throw new RetrieveError(
      "invalid_argument",
      `falseNegatives: ${queries.length} queries want ${queries.length + 1} starts and as many lists of positives, ` +
        `got ${starts.length} and ${texts.positives.length}`,
    );
  }
  const keysOfText = groupBy(keys.keys(), (key) => keys[key] as string);
  const positivesOfText = positivesByQueryText(texts);
  const ignored = new Uint8Array(queries.length * keys.length);
  for (const [query, text] of queries.entries()) {
    const [first, last] = ownKeys(starts, query);
    for (const positive of positivesOfText.get(text) ?? []) {
      for (const key of keysOfText.get(positive) ?? []) {
        if (key < first || key >= last) ignored[query * keys.length + key] = 1;
      }
    }
  }
  return ignored;
}

/** All positives of the queries that read alike. */
function positivesByQueryText({ starts, queries, keys, positives }: BatchTexts): Map<string, Set<string>> {
  const alike = groupBy(queries.keys(), (query) => queries[query] as string);
  const ofQuery = (query: number): string[] => [
    keys[starts[query] as number] as string,
    ...(positives[query] as readonly string[]),
  ];
  return new Map([...alike].map(([text, members]) => [text, new Set(members.flatMap(ofQuery))]));
}

function groupBy(numbers: Iterable<number>, textOf: (number: number) => string): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const number of numbers) {
    const group = groups.get(textOf(number));
    if (group === undefined) groups.set(textOf(number), [number]);
    else group.push(number);
  }
  return groups;
}
