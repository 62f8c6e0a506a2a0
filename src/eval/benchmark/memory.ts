/**
 * Memory of long conversations: the turns that answer a question, and with a language model the answer (F1 of its words).
 *
 * Turns are ranked within the question's conversation; `Hit@5` is any of the evidence, `All@5` all of it.
 */

import { readMemoryBenchmark } from "../../dataset/index.ts";
import { wordF1 } from "../../llm/index.ts";
import { measureTurns, storedTurns } from "../memory.ts";
import type { Benchmark, PoolRecord } from "./benchmark.ts";
import { fitPrompt, tooLong } from "./fit.ts";

const answerTokens = 32;

export const memory: Benchmark = {
  name: "memory",
  task: "chat",
  methods: ["none", "random", "recency", "bm25", "dense", "hybrid"],
  needsModel: false,
  open: async (folder, options) => {
    const { k = 5, model } = options;
    const { split, conversations, questions, excluded } = await readMemoryBenchmark(folder, options);
    const records: PoolRecord[] = conversations.flatMap(({ id: pool, turns }) =>
      storedTurns(turns).map(({ text, turns: [turn = ""] }, place) => ({
        id: `${pool}#${turn}`,
        pool,
        place,
        text,
      })),
    );
    const evidence = new Map<string, ReadonlySet<string>>();
    const items = questions.map(({ id, conversation: pool, question, evidence: turns, answers }, at) => {
      const own = id ?? String(at);
      const gold = new Set([...turns].map((turn) => `${pool}#${turn}`));
      evidence.set(own, gold);
      return {
        ...{ id: own, pool, query: question, gold: new Map([...gold].map((turn) => [turn, 1])) },
        ...(answers !== undefined && { answers }),
      };
    });
    return {
      ...{ split, records, items, retrieval: [], depth: Math.max(10, k), headline: "Recall@5" },
      excluded,
      config: model === undefined ? {} : { k, answerTokens },
      measureRanking: ({ id }, found) =>
        measureTurns(
          found.map((record) => record.id),
          evidence.get(id) ?? new Set(),
        ),
      ...(model !== undefined && {
        measure: async ({ query, answers = [] }, found, asked) => {
          if (answers.length === 0) return { metrics: {} };
          const prompt = await fitPrompt(
            asked,
            found.slice(0, k).map(({ id }) => id),
            (kept) => `${inOrder(found, kept)}Question: ${query}\nAnswer:`,
            { tokens: asked.window, reserved: answerTokens },
          );
          if (prompt === undefined) return tooLong;
          const output = (await asked.write(prompt, { maxTokens: answerTokens, stop: ["\n"] })).trim();
          return { metrics: { F1: Math.max(...answers.map((answer) => wordF1(output, answer))) }, output };
        },
      }),
    };
  },
};

/** The turns that are kept, a line each, in the order in which they were said, then an empty line. */
function inOrder(found: readonly PoolRecord[], kept: readonly string[]): string {
  const turns = found
    .filter(({ id }) => kept.includes(id))
    .toSorted((left, right) => (left.place ?? 0) - (right.place ?? 0));
  return turns.length === 0 ? "" : `${turns.map(({ text }) => text).join("\n")}\n\n`;
}
