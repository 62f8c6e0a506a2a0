/** Mining, row by row: candidates ranked, negatives chosen, and what happened counted. */

import type { Encoder, TaskName } from "../../encoder/index.ts";
import { createRandom, type OnNotice, type OnProgress } from "../../std/index.ts";
import type { Qrels } from "../beir.ts";
import type { TrainingRow } from "../row.ts";
import { type ChoiceOptions, chooseNegatives } from "./choose.ts";
import type { Corpus } from "./corpus.ts";
import { type Candidate, createRanker, type MiningMethod, type Ranker } from "./ranker.ts";

export interface MinerOptions extends ChoiceOptions {
  readonly method: MiningMethod;
  readonly encoder?: Encoder;
  readonly task: TaskName;
  readonly replace: boolean;
  readonly seed: number;
  readonly onNotice?: OnNotice;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

export interface Miner {
  /** The rows with their negatives; `first` is the number of the first one in its file. */
  mine(rows: readonly TrainingRow[], first: number): Promise<TrainingRow[]>;
  /** Tells what was not as it should be, once for all rows. */
  tell(): void;
  close(): Promise<void>;
}

/** A miner over `corpus`; `qrels` may know more positives than the rows list. */
export async function openMiner(corpus: Corpus, qrels: Qrels, options: MinerOptions): Promise<Miner> {
  const { encoder, method, task, seed, onProgress, signal } = options;
  const ranker = await createRanker(corpus.texts, { method, encoder, task, seed, onProgress, signal });
  const counts: Counts = { unlabelled: 0, short: 0, unscored: 0, marginless: 0 };
  const context = { corpus, qrels, ranker, options, counts };
  return {
    mine: async (rows, first) => {
      await ranker.prepare([...new Set(rows.filter(isLabelled).map(({ query }) => query))]);
      const mined: TrainingRow[] = [];
      for (const [index, row] of rows.entries()) {
        signal?.throwIfAborted();
        mined.push(await mineRow(context, row, first + index));
      }
      return mined;
    },
    tell: () => {
      for (const notice of noticesOf(counts, options.negatives)) options.onNotice?.(notice);
    },
    close: () => ranker.close(),
  };
}

interface Counts {
  unlabelled: number;
  short: number;
  unscored: number;
  marginless: number;
}

interface Context {
  readonly corpus: Corpus;
  readonly qrels: Qrels;
  readonly ranker: Ranker;
  readonly options: MinerOptions;
  readonly counts: Counts;
}

function isLabelled({ pos, history }: TrainingRow): boolean {
  return history === undefined && pos.length > 0;
}

async function mineRow(context: Context, row: TrainingRow, number: number): Promise<TrainingRow> {
  const { corpus, ranker, options, counts } = context;
  if (!isLabelled(row)) {
    counts.unlabelled++;
    return row;
  }
  const positives = positivesOf(context, row);
  const candidates = await ranker.rank(row.query, number, options.topK + positives.size);
  const kept = options.replace ? [] : row.neg;
  const places = chooseNegatives(
    {
      row,
      kept,
      candidates,
      texts: corpus.texts,
      positives,
      positiveScore: await positiveScore(context, row.query, candidates, positives),
    },
    options,
    createRandom(options.seed + number),
  );
  counts.short += Number(places.length < options.negatives);
  if (places.length === 0 && kept === row.neg) return row;
  counts.unscored += Number(row.teacherScores !== undefined);
  return withNegatives(row, kept, places, corpus.texts);
}

function positivesOf(
  { corpus, qrels }: Context,
  { queryId, posIndex, pos }: TrainingRow,
): ReadonlySet<number> {
  const judged = [...(qrels.get(String(queryId)) ?? [])].filter(([, gain]) => gain >= 1).map(([id]) => id);
  return corpus.placesOf({ indexes: [...(posIndex ?? []), ...judged], texts: pos });
}

/** The highest score of a positive, where a margin needs it: a positive among the candidates has it. */
async function positiveScore(
  { ranker, options, counts }: Context,
  query: string,
  candidates: readonly Candidate[],
  positives: ReadonlySet<number>,
): Promise<number | undefined> {
  if (options.margin === undefined && options.share === undefined) return undefined;
  const found = candidates.find(({ place }) => positives.has(place))?.score;
  const score = found ?? (await ranker.score(query, [...positives]));
  counts.marginless += Number(score === undefined);
  return score;
}

/** The row with its new texts; what is aligned to its texts, in whatever field, would no longer be. */
function withNegatives(
  row: TrainingRow,
  kept: readonly string[],
  places: readonly number[],
  texts: readonly string[],
): TrainingRow {
  const { teacherScores: _scores, negIndex, others = {}, ...rest } = row;
  const keptIndex = kept.length === 0 ? [] : negIndex;
  const left = Object.entries(others).filter(
    ([name]) => !/^(pos|neg)_scores?$|^teacher|^continuations$/.test(name),
  );
  return {
    ...rest,
    neg: [...kept, ...places.map((place) => texts[place] ?? "")],
    ...(keptIndex !== undefined && { negIndex: [...keptIndex, ...places] }),
    ...(left.length > 0 && { others: Object.fromEntries(left) }),
  };
}

function noticesOf({ unlabelled, short, unscored, marginless }: Counts, wanted: number): string[] {
  return [
    unlabelled > 0 ? `${unlabelled} rows list no positive and stay as they are` : "",
    short > 0 ? `${short} rows got fewer than ${wanted} new negatives: nothing else was left to choose` : "",
    unscored > 0
      ? `${unscored} rows lost their scores, which their new negatives lack; score them again`
      : "",
    marginless > 0
      ? `${marginless} rows were mined without a margin: no positive of theirs is in the corpus`
      : "",
  ].filter((notice) => notice !== "");
}
