/** Benchmarks of retrieval alone, in the BEIR layout or in that of LLM-Embedder's bundle; conversations also with answers. */

import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import {
  isFile,
  type Benchmark as RetrievalBenchmark,
  readBenchmark,
  readBundleCorpus,
  readBundleLines,
  readQrecc,
  readQreccPassages,
  readToolbench,
  spread,
  textField,
  textsField,
} from "../../dataset/index.ts";
import type { TaskName } from "../../encoder/index.ts";
import { conversationQuery } from "../../retrieve/index.ts";
import { diskError, RetrieveError } from "../../std/index.ts";
import type { MetricName } from "../metrics.ts";
import { rougeL, rougeScoreL } from "../rouge.ts";
import type { Benchmark, Item, OpenBenchmark, OpenOptions, PoolRecord } from "./benchmark.ts";
import { fitPrompt, tooLong } from "./fit.ts";
import { knowledgeBlock } from "./knowledge.ts";

interface RankingSpec {
  readonly name: string;
  readonly task: TaskName;
  readonly headline: MetricName;
  readonly retrieval: readonly MetricName[];
}

export const beir: Benchmark = {
  ...rankingBenchmark({
    name: "beir",
    task: "qa",
    headline: "nDCG@10",
    retrieval: ["nDCG@10", "Recall@10", "Recall@100", "MRR@10", "MAP", "nDCG@3", "nDCG@5"],
  }),
  foldersOf: beirFolders,
};

export const tool: Benchmark = rankingBenchmark({
  name: "tool",
  task: "tool",
  headline: "nDCG@5",
  retrieval: ["nDCG@5", "nDCG@1", "nDCG@3", "nDCG@10", "Recall@5", "Recall@10"],
});

export const toolret: Benchmark = {
  ...rankingBenchmark({
    name: "toolret",
    task: "tool",
    headline: "nDCG@10",
    retrieval: ["nDCG@10", "Recall@10", "Precision@10"],
  }),
  foldersOf: beirFolders,
};

const convsearchRanking = rankingBenchmark({
  name: "convsearch",
  task: "convsearch",
  headline: "nDCG@3",
  retrieval: ["nDCG@3", "nDCG@5", "nDCG@10", "nDCG@100", "Recall@3", "Recall@10", "Recall@100"],
});

/** Tokens of an answer, and passages that it may use. */
const answerTokens = 128;
const answerPassages = 3;

export const convsearch: Benchmark = {
  ...convsearchRanking,
  open: async (folder, options) => {
    const opened = await convsearchRanking.open(folder, options);
    const { model, k = answerPassages, rouge = "rouge" } = options;
    const isAnswered = opened.items.some(({ answers = [] }) => answers.length > 0);
    if (model === undefined || !isAnswered) return opened;
    const measureRouge = rouge === "rouge" ? rougeL : rougeScoreL;
    return {
      ...opened,
      config: { ...opened.config, k, rouge },
      measure: async ({ query, answers = [] }, found, asked) => {
        if (answers.length === 0) return { metrics: {} };
        const prompt = await fitPrompt(
          asked,
          found.slice(0, k).map(({ text }) => text),
          (passages) => `${knowledgeBlock(passages)}Question: ${query}\n\nAnswer:`,
          { tokens: asked.window, reserved: answerTokens },
        );
        if (prompt === undefined) return tooLong;
        const output = (await asked.write(prompt, { maxTokens: answerTokens, stop: ["\n"] })).trim();
        const best = Math.max(...answers.map((answer) => measureRouge(output, answer)));
        return { metrics: { "ROUGE-L": best }, output };
      },
    };
  },
};

function rankingBenchmark(spec: RankingSpec): Benchmark {
  const { retrieval, headline } = spec;
  return {
    ...spec,
    methods: ["random", "bm25", "dense", "hybrid"],
    needsModel: false,
    open: async (folder, options): Promise<OpenBenchmark> => {
      const data = await read(folder, options);
      return { ...data, retrieval, headline, depth: 100, config: {} };
    },
  };
}

type Data = Pick<OpenBenchmark, "split" | "records" | "items" | "excluded">;

/** By what is there. */
async function read(folder: string, options: OpenOptions): Promise<Data> {
  if (await isFile(join(folder, "corpus.json"))) return await readBundle(folder, options);
  if (await isFile(join(folder, "corpus.tsv"))) return dataOf(await readToolbench(folder, options));
  const isBeir = await isFile(join(folder, "corpus.jsonl"));
  const names = (await readdir(folder).catch(() => [])).filter((name) => /qrecc.*\.json$/.test(name));
  return names.length > 0 && !isBeir
    ? await fromQrecc(folder, options)
    : dataOf(await readBenchmark(folder, options));
}

async function fromQrecc(folder: string, { split = "test", maxQueries }: OpenOptions): Promise<Data> {
  const records: PoolRecord[] = [];
  for await (const { id, text } of readQreccPassages(folder)) records.push({ id, text });
  const items: Item[] = [];
  let withoutGold = 0;
  for await (const { id, history, question, answer, relevant } of readQrecc(folder, split)) {
    if (relevant.length === 0) {
      withoutGold++;
      continue;
    }
    items.push({
      ...{ id, query: question, gold: new Map(relevant.map((one) => [one, 1])) },
      ...(answer.trim() !== "" && { answers: [answer] }),
      search: (method) => conversationQuery(history, question, method),
    });
  }
  return {
    ...{ split, records, items: spread(items, maxQueries) },
    excluded: counted({ "without gold": withoutGold }),
  };
}

function dataOf({ split, corpus, queries, qrels, leftOut }: RetrievalBenchmark): Data {
  return {
    ...{ split, records: corpus },
    items: queries.map(({ id, text, history }) => ({
      ...{ id, query: text, gold: qrels.get(id) ?? new Map<string, number>() },
      ...(history.length > 0 && {
        search: (method) =>
          conversationQuery(
            history.map((turn) => turn.text),
            text,
            method,
          ),
      }),
    })),
    excluded: counted({
      "without gold": leftOut.withoutGold,
      "judged but not among the queries": leftOut.unknownQueries,
    }),
  };
}

/** `corpus.json`, and `SPLIT.json` with `pos_index`, lines of the corpus. */
async function readBundle(folder: string, { split = "test", maxQueries }: OpenOptions): Promise<Data> {
  const records: PoolRecord[] = [];
  for await (const { id, text } of readBundleCorpus(join(folder, "corpus.json"))) records.push({ id, text });
  const items: Item[] = [];
  const seen = new Set<string>();
  let withoutGold = 0;
  for await (const { fields, place } of readBundleLines(join(folder, `${split}.json`))) {
    const id = String(fields["query_id"] ?? fields["qid"] ?? items.length + withoutGold);
    if (seen.has(id)) throw new RetrieveError("invalid_data", `${place}: query id ${id} comes twice`);
    seen.add(id);
    const gold = goldOf(fields["pos_index"], records.length, place);
    if (gold.size === 0) {
      withoutGold++;
      continue;
    }
    const answers = textsField(fields, "answers", place);
    items.push({
      id,
      query: textField(fields, "query", place),
      gold,
      ...(answers.length > 0 && { answers }),
    });
  }
  return {
    ...{ split, records, items: spread(items, maxQueries) },
    excluded: counted({ "without gold": withoutGold }),
  };
}

function goldOf(indexes: unknown, corpus: number, place: string): ReadonlyMap<string, number> {
  const all: unknown[] = Array.isArray(indexes) ? indexes : [];
  const wrong = all.find(
    (index) => !(Number.isInteger(index) && Number(index) >= 0 && Number(index) < corpus),
  );
  if (wrong !== undefined) {
    throw new RetrieveError(
      "invalid_data",
      `${place}: "pos_index" has ${JSON.stringify(wrong)}; wanted lines of the corpus, 0 to ${corpus - 1}`,
    );
  }
  return new Map(all.map((index) => [String(index), 1]));
}

function counted(reasons: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(reasons).filter(([, count]) => count > 0));
}

/** The folder itself, or the BEIR folders in it. */
async function beirFolders(folder: string): Promise<string[]> {
  if ((await isFile(join(folder, "corpus.jsonl"))) || (await isFile(join(folder, "corpus.json"))))
    return [folder];
  const names = await readdir(folder).catch((error: unknown) => {
    throw diskError(error, folder);
  });
  const found: string[] = [];
  for (const name of names.sort()) {
    if (await isFile(join(folder, name, "corpus.jsonl"))) found.push(join(folder, name));
  }
  if (found.length > 0) return found;
  throw new RetrieveError(
    "not_found",
    `${folder}: no corpus.jsonl here, nor in the folders of ${basename(resolve(folder))}; wanted the BEIR layout`,
  );
}
