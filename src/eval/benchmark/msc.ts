/**
 * Multi-Session Chat: how well a long-past pair of turns predicts the reply.
 *
 * Protocol of LLM-Embedder: the query is the current utterance, the keys are all past pairs of the same dialogue, the best
 * one stands before the query; perplexity is exp of the mean over samples of the mean loss of the reply's tokens. Several
 * pairs stand in the order of the dialogue.
 */

import { join } from "node:path";
import { isFile, readBundleLines, readMscRows, spread, textField, textsField } from "../../dataset/index.ts";
import { RetrieveError } from "../../std/index.ts";
import type { Benchmark, Item, OpenBenchmark, PoolRecord } from "./benchmark.ts";
import { fitPrompt, longest, tooLong } from "./fit.ts";
import { perplexity } from "./perplexity.ts";
import { withoutAnswers } from "./popqa.ts";

export const msc: Benchmark = {
  name: "msc",
  task: "chat",
  methods: ["none", "random", "recency", "bm25", "dense", "hybrid"],
  needsModel: true,
  open: async (folder, options) => {
    const { k = 1, context = 2048, split = "test", maxQueries } = options;
    const { items, records, excluded } = await readChats(folder, split);
    const order = new Map(records.map(({ id, place = 0 }) => [id, place]));
    const chosen = spread(items, maxQueries);
    const pools = new Set(chosen.map(({ pool }) => pool));
    const opened: OpenBenchmark = {
      ...{ split, items: chosen, records: records.filter(({ pool }) => pools.has(pool)), excluded },
      ...{
        retrieval: [],
        depth: Math.max(10, k),
        headline: "perplexity",
        compared: "nll",
        lowerIsBetter: true,
      },
      config: { k, context },
      measure: async ({ query, answers = [] }, found, model) => {
        const reply = ` ${answers[0]?.trim()}`;
        const prompt = await fitPrompt(
          model,
          found.slice(0, k).map(({ id }) => id),
          (ids) => `${turnsOf(ids)}Speaker 1: ${query.trim()}\nSpeaker 2:`,
          { tokens: context, reserved: await longest(model, [reply]) },
        );
        if (prompt === undefined) return tooLong;
        const [score] = await model.likelihoods(prompt, [reply]);
        return { metrics: { nll: score === undefined ? 0 : -score.sum / score.tokens } };
      },
      summarise: perplexity,
    };
    const texts = new Map(records.map(({ id, text }) => [id, text]));
    const turnsOf = (ids: readonly string[]): string =>
      ids
        .toSorted((left, right) => (order.get(left) ?? 0) - (order.get(right) ?? 0))
        .map((id) => `${texts.get(id)}\n`)
        .join("");
    return opened;
  },
};

interface Chats {
  readonly items: Item[];
  readonly records: PoolRecord[];
  readonly excluded: Readonly<Record<string, number>>;
}

/** Rows of the bundle or of `retrieve convert`, else ParlAI's folder of sessions. */
async function readChats(folder: string, split: string): Promise<Chats> {
  const items: Item[] = [];
  const records: PoolRecord[] = [];
  let unanswered = 0;
  for await (const { query, history, answers } of chatsIn(folder, split)) {
    if (answers.length === 0) {
      unanswered++;
      continue;
    }
    const pool = String(items.length);
    items.push({ id: pool, pool, query, answers });
    for (const [place, text] of history.entries()) {
      records.push({ id: `${pool}#${place}`, pool, place, text: text.trim() });
    }
  }
  return { items, records, excluded: withoutAnswers(unanswered) };
}

interface Chat {
  readonly query: string;
  readonly history: readonly string[];
  readonly answers: readonly string[];
}

async function* chatsIn(place: string, split: string): AsyncGenerator<Chat> {
  const path = await rowsIn(place, split);
  if (path === undefined) return yield* sessionsIn(place, split);
  for await (const line of readBundleLines(path)) {
    const { fields } = line;
    const history = textsField(fields, "history", line.place);
    const answers = textsField(fields, "answers", line.place);
    yield { query: textField(fields, "query", line.place), history, answers };
  }
}

/** The file of rows: the place itself, or in it; undefined where ParlAI's files are meant. */
async function rowsIn(place: string, split: string): Promise<string | undefined> {
  if (await isFile(place)) return place.endsWith(".txt") ? undefined : place;
  const names = [`${split}.json`, `${split}.jsonl`].map((name) => join(place, name));
  for (const name of names) if (await isFile(name)) return name;
  return undefined;
}

async function* sessionsIn(place: string, split: string): AsyncGenerator<Chat> {
  try {
    for await (const { query, history = [], answers = [] } of readMscRows(place, split)) {
      yield { query, history, answers };
    }
  } catch (error) {
    if (!RetrieveError.isInstance(error) || error.code !== "not_found") throw error;
    throw new RetrieveError(
      "not_found",
      `${place}: no chats; wanted ${split}.json of the bundle, rows in ${split}.jsonl, or ParlAI's session_N/${split}.txt`,
      { cause: error },
    );
  }
}
