/** Questions about long conversations to rows: the turns that answer one are its positives. */

import { datedLine } from "../../retrieve/index.ts";
import type { SpokenTurn } from "../memory-benchmark.ts";
import { readMemoryBenchmark } from "../read-memory.ts";
import type { Converter } from "./converter.ts";
import { type ChooseNegatives, negativesFrom } from "./negatives.ts";

/**
 * Default task: `chat`; 15 random negatives.
 *
 * A turn stands in the form in which memory keeps and searches it ({@link datedLine}). Negatives are other turns of the
 * same conversation, because no other is searched when the question is asked.
 */
export const convertMemory: Converter = async function* (source, options) {
  const { split = "train", task = "chat", seed = 0, onNotice } = options;
  const wanted = options.negatives ?? { method: "random", count: 15 };
  const benchmark = await readMemoryBenchmark(source, { split, ...(onNotice && { onNotice }) });
  for (let count = 0; count < benchmark.withoutEvidence; count++) yield { dropped: "no evidence" };
  const conversations = new Map(
    benchmark.conversations.map(({ id, turns }) => [
      id,
      memoryOf(turns, (pool) => negativesFrom(pool, wanted, seed)),
    ]),
  );
  for (const [index, { id, conversation, question, evidence }] of benchmark.questions.entries()) {
    const memory = conversations.get(conversation);
    const query = question.trim();
    const pos = [...evidence].flatMap((turn) => memory?.texts.get(turn) ?? []);
    if (query === "") yield { dropped: "empty question" };
    else if (memory === undefined || pos.length === 0) yield { dropped: "evidence not in the conversation" };
    else {
      const neg = memory.choose(query, index, pos).map((place) => memory.pool[place] ?? "");
      yield { row: { query, pos, neg, task, ...(id !== undefined && { queryId: id }) } };
    }
  }
};

interface Memory {
  /** By turn; turns that say nothing are left out. */
  readonly texts: ReadonlyMap<string, string>;
  readonly pool: readonly string[];
  readonly choose: ChooseNegatives;
}

function memoryOf(
  turns: readonly SpokenTurn[],
  chooser: (pool: readonly string[]) => ChooseNegatives,
): Memory {
  const said = turns.filter(({ text }) => text.trim() !== "");
  const texts = new Map(
    said.map(({ id, speaker, text, date }) => [
      id,
      datedLine({ role: speaker, text, ...(date !== undefined && { time: date }) }),
    ]),
  );
  const pool = [...texts.values()];
  return { texts, pool, choose: chooser(pool) };
}
