/**
 * Does memory find what was said: questions about long conversations, with the turns that answer them as gold.
 *
 * Turns are ranked within the question's conversation. A stored unit passes its score to each of its turns, in their
 * order, and only the first k turns count.
 */

import {
  type MemoryBenchmark,
  type MemoryQuestion,
  readMemoryBenchmark,
  type SpokenTurn,
} from "../dataset/index.ts";
import type { Encoder, TaskName } from "../encoder/index.ts";
import { type Collection, datedLine, type SearchMethod } from "../retrieve/index.ts";
import type { OnNotice, OnProgress } from "../std/index.ts";
import { openCorpus } from "./corpus.ts";
import { evaluateRun } from "./metrics.ts";
import { encodingOf, type RetrievalReport, rounded } from "./retrieval.ts";

/** A stored unit: what is searched, and the turns that it passes its score to. */
export interface MemoryUnit {
  readonly text: string;
  /** Ids within the conversation, in its order. */
  readonly turns: readonly string[];
}

export interface EvaluateMemoryOptions {
  readonly folder: string;
  /** Default `test` where a question has it, else `dev`; in a folder without splits, all. */
  readonly split?: string;
  /** The instruction pair of both sides. Default `chat`. */
  readonly task?: TaskName;
  /** Default hybrid alone. */
  readonly methods?: readonly SearchMethod[];
  readonly encoder: Encoder;
  /** At most so many questions, evenly spaced over the file. Default all. */
  readonly maxQueries?: number;
  /** How a conversation is cut into what is stored. Default: as memory does, turn by turn with its day and speaker. */
  readonly units?: (turns: readonly SpokenTurn[]) => readonly MemoryUnit[];
  /** Where document vectors are kept between runs. Default: nowhere. */
  readonly cacheFolder?: string;
  readonly onProgress?: OnProgress;
  readonly onNotice?: OnNotice;
  readonly signal?: AbortSignal;
}

/**
 * Recall@5, Recall@10, Hit@5 (any of the evidence), All@5 (all of it) and nDCG@10, as means over the questions with
 * evidence, once for each method.
 *
 * Throws `not_found` for a missing file or split and `invalid_data` naming file and line for a malformed one.
 */
export async function evaluateMemory(options: EvaluateMemoryOptions): Promise<RetrievalReport[]> {
  return (await measureMemory(options)).map(({ report }) => report);
}

/** A report, and what its means are of. */
export interface MemoryEvaluation {
  readonly report: RetrievalReport;
  /** By the place of the question among those that were asked, from 0. */
  readonly perQuery: ReadonlyMap<string, Readonly<Record<string, number>>>;
}

/** {@link evaluateMemory} with the measures of each question. */
export async function measureMemory(options: EvaluateMemoryOptions): Promise<MemoryEvaluation[]> {
  const { encoder, methods = ["hybrid"], units: cut = storedTurns } = options;
  const started = performance.now();
  const benchmark = await readMemoryBenchmark(options.folder, options);
  const units = unitsOf(benchmark, cut);
  await using collection = await openCorpus({
    documents: [...units].map(([id, { text, conversation }]) => ({ id, text, metadata: { conversation } })),
    queries: benchmark.questions.map(({ question }) => question),
    encoder,
    task: options.task ?? "chat",
    methods,
    cacheFolder: options.cacheFolder,
    encoding: encodingOf(options),
  });
  const shared = performance.now() - started;

  const evaluations: MemoryEvaluation[] = [];
  for (const method of methods) {
    const begun = performance.now();
    const rows: Measured[] = [];
    for (const question of benchmark.questions) {
      rows.push(
        measureTurns(await rankTurns(collection, units, question, method, options.signal), question.evidence),
      );
      options.onProgress?.({
        done: rows.length,
        total: benchmark.questions.length,
        unit: `${method} questions`,
      });
    }
    const report = {
      metrics: meanOf(rows),
      queries: rows.length,
      corpus: benchmark.conversations.reduce((sum, { turns }) => sum + turns.length, 0),
      seconds: Math.round(shared + performance.now() - begun) / 1000,
      model: method === "bm25" ? null : encoder.name,
      method,
      split: benchmark.split,
    };
    evaluations.push({ report, perQuery: new Map(rows.map((row, at) => [String(at), row])) });
  }
  return evaluations;
}

interface PlacedUnit extends MemoryUnit {
  readonly conversation: string;
}

function unitsOf(
  { conversations }: MemoryBenchmark,
  cut: (turns: readonly SpokenTurn[]) => readonly MemoryUnit[],
): Map<string, PlacedUnit> {
  const units = new Map<string, PlacedUnit>();
  for (const { id: conversation, turns } of conversations) {
    // Padded, because equal scores are ranked by id: earlier turns come first.
    for (const [index, unit] of cut(turns).entries()) {
      units.set(`${conversation}#${String(index).padStart(6, "0")}`, { ...unit, conversation });
    }
  }
  return units;
}

async function rankTurns(
  collection: Collection,
  units: ReadonlyMap<string, PlacedUnit>,
  { conversation, question }: MemoryQuestion,
  method: SearchMethod,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const hits = await collection.search(question, {
    method,
    topK: searchedUnits,
    filter: { field: "conversation", op: "=", value: conversation },
    ...(signal && { signal }),
  });
  return [...new Set(hits.flatMap(({ id }) => units.get(id)?.turns ?? []))];
}

/** Enough for ten different turns where units of two overlap. */
const searchedUnits = 20;

/** What {@link evaluateMemory} reports. */
export const memoryMetrics = ["Recall@5", "Recall@10", "Hit@5", "All@5", "nDCG@10"] as const;

type Measured = Readonly<Record<(typeof memoryMetrics)[number], number>>;

/** Measures of a ranking of turns, against the turns that are evidence. */
export function measureTurns(ranking: readonly string[], evidence: ReadonlySet<string>): Measured {
  const found = (k: number): number => ranking.slice(0, k).filter((turn) => evidence.has(turn)).length;
  return {
    "Recall@5": found(5) / evidence.size,
    "Recall@10": found(10) / evidence.size,
    "Hit@5": found(5) > 0 ? 1 : 0,
    "All@5": found(5) === evidence.size ? 1 : 0,
    "nDCG@10": ndcg(ranking, evidence),
  };
}

function ndcg(ranking: readonly string[], evidence: ReadonlySet<string>): number {
  const run = new Map([["", ranking.map((id, place) => ({ id, score: -place }))]]);
  const qrels = new Map([["", new Map([...evidence].map((turn) => [turn, 1]))]]);
  return evaluateRun(run, qrels, ["nDCG@10"]).mean["nDCG@10"] ?? 0;
}

function meanOf(rows: readonly Measured[]): Record<string, number> {
  const mean = (name: keyof Measured): number => rows.reduce((sum, row) => sum + row[name], 0) / rows.length;
  return rounded(Object.fromEntries(memoryMetrics.map((name) => [name, mean(name)])));
}

/** As memory stores a conversation. */
export function storedTurns(turns: readonly SpokenTurn[]): MemoryUnit[] {
  return turns.map(({ id, speaker, text, date }) => ({
    text: datedLine({ role: speaker, text, ...(date !== undefined && { time: date }) }),
    turns: [id],
  }));
}
