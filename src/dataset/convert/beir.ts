/** A retrieval benchmark in the BEIR layout to rows: every gold document of a query is one of its positives. */

import { conversationQuery } from "../../retrieve/index.ts";
import { type Benchmark, type BenchmarkQuery, readBenchmark } from "../beir.ts";
import type { Converted, Converter } from "./converter.ts";
import { negativesFrom } from "./negatives.ts";

/**
 * Default task: `convsearch` where queries have a history, else `qa`; no negatives unless they are asked for.
 *
 * A conversation becomes the text that a dense search of it encodes ({@link conversationQuery}: the last message, then
 * the beginnings of the two before it), not all turns joined as in the reference system: what is trained is what will
 * be asked, and the encoder cuts on the right, where the reference has the question itself.
 */
export const convertBeir: Converter = async function* (source, options) {
  const { split = "train", seed = 0, onNotice } = options;
  const benchmark = await readBenchmark(source, { split, ...(onNotice && { onNotice }) });
  yield* droppedBefore(benchmark);
  const pool = benchmark.corpus.map(({ text }) => text);
  const places = new Map(benchmark.corpus.map(({ id }, place) => [id, place]));
  const choose = negativesFrom(pool, options.negatives ?? { method: "none", count: 0 }, seed);
  const task = options.task ?? defaultTask(benchmark.queries);
  for (const [index, { id, text, history }] of benchmark.queries.entries()) {
    const query = conversationQuery(
      history.map((turn) => turn.text),
      text,
    ).text.trim();
    const gold = goldOf(benchmark, id).flatMap((document) => places.get(document) ?? []);
    const known = gold.filter((place) => pool[place]?.trim());
    if (query === "") yield { dropped: "empty query" };
    else if (known.length === 0) yield { dropped: "gold not in the corpus, or empty" };
    else {
      const pos = known.map((place) => pool[place] ?? "");
      const negatives = choose(query, index, pos);
      yield {
        row: {
          query,
          pos,
          neg: negatives.map((place) => pool[place] ?? ""),
          task,
          queryId: id,
          posIndex: known,
          ...(negatives.length > 0 && { negIndex: negatives }),
        },
      };
    }
  }
};

function* droppedBefore({ leftOut }: Benchmark): Generator<Converted> {
  for (let count = 0; count < leftOut.withoutGold; count++) yield { dropped: "no gold" };
  for (let count = 0; count < leftOut.unknownQueries; count++)
    yield { dropped: "query not in queries.jsonl" };
}

function defaultTask(queries: readonly BenchmarkQuery[]): string {
  return queries.some(({ history }) => history.length > 0) ? "convsearch" : "qa";
}

/** Gold ids, the highest gain first. */
function goldOf({ qrels }: Benchmark, query: string): string[] {
  return [...(qrels.get(query) ?? [])]
    .filter(([, gain]) => gain >= 1)
    .sort(([, left], [, right]) => right - left)
    .map(([id]) => id);
}
