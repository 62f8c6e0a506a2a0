/** Hard negatives for training rows, out of a corpus: resumable, and the same for the same seed. */

import { createHash } from "node:crypto";
import { formatJsonLine, hashFile, parseJsonLine, RetrieveError, readJsonLines } from "../../std/index.ts";
import { readQrels } from "../beir.ts";
import { openPartial, tellPartials } from "../partial.ts";
import { formatRow, parseRow } from "../row.ts";
import { rowBatches } from "../row-batches.ts";
import { readCorpus } from "./corpus.ts";
import { type Miner, type MinerOptions, openMiner } from "./miner.ts";

export interface MineOptions extends Partial<MinerOptions> {
  /** Training rows, JSON Lines. */
  readonly rows: string;
  /** `{_id|id?, title?, text}` a line, such as a BEIR `corpus.jsonl`. */
  readonly corpus: string;
  /** Appears when it is complete. */
  readonly out: string;
  /** A qrels file: what it judges relevant for a row's `query_id` is no negative of it. */
  readonly qrels?: string;
}

export interface MineReport {
  readonly rows: number;
  /** All that the rows have now. */
  readonly negatives: number;
  readonly seconds: number;
}

/** Rows whose queries are encoded, and which are written, together. */
const batchSize = 256;

const defaults = {
  method: "hybrid",
  topK: 200,
  negatives: 15,
  skip: 0,
  pick: "first",
  filterAnswers: false,
  replace: false,
  seed: 0,
} as const;

/**
 * Adds negatives to every row that lists positives; other rows (`history`, or scores alone) stay as they are. Scores
 * of a row that changes are dropped, since its new texts have none.
 *
 * Defaults: 15 negatives, the first of the best 200 by hybrid search that are no positives; the task of the first row,
 * else `qa`; seed 0. What is done stands in a partial file beside `out`, and the same call goes on from there after a
 * crash. Memory: the corpus with its vectors. Cost: its encoding, then a search a row.
 *
 * Throws `not_found`; `invalid_data` naming file and line for a malformed row or document, before anything is mined;
 * `invalid_argument` for a number out of its range and for a method without what it needs.
 */
export async function mineNegatives(options: MineOptions): Promise<MineReport> {
  const started = performance.now();
  const { rows, task } = await surveyRows(options.rows);
  const settings = { ...defaults, task, ...options };
  checkOptions(settings);
  const key = await keyOf(settings);
  let negatives = 0;
  await using partial = await openPartial(options.out, key, (line) => {
    negatives += parseRow(parseJsonLine(line, options.out), options.out).neg.length;
  });
  await tellPartials(options.out, key, partial, options.onNotice);
  if (partial.lines < rows) {
    const miner = await minerOf(settings);
    try {
      let done = partial.lines;
      for await (const batch of rowBatches(options.rows, batchSize, { skip: done })) {
        const mined = await miner.mine(
          batch.map(({ row }) => row),
          done,
        );
        await partial.append(mined.map((row) => formatJsonLine(formatRow(row))));
        negatives += mined.reduce((sum, { neg }) => sum + neg.length, 0);
        done += batch.length;
        options.onProgress?.({ done, total: rows, unit: "rows" });
      }
      miner.tell();
    } finally {
      await miner.close();
    }
  }
  await partial.finish();
  return { rows, negatives, seconds: Math.round(performance.now() - started) / 1000 };
}

type Settings = MinerOptions & MineOptions;

/** Every row checked, so that a fault at the end does not cost the work on the rows before it. */
async function surveyRows(path: string): Promise<{ readonly rows: number; readonly task: string }> {
  let rows = 0;
  let task: string | undefined;
  for await (const { value, place } of readJsonLines(path)) {
    const row = parseRow(value, place);
    if (rows === 0) task = row.task;
    rows++;
  }
  if (rows > 0) return { rows, task: task ?? "qa" };
  throw new RetrieveError("invalid_data", `${path}: no rows; wanted one JSON object a line`);
}

function checkOptions({ topK, negatives, skip, margin, share, method }: Settings): void {
  const refuse = (name: string, got: number, wanted: string): never => {
    throw new RetrieveError("invalid_argument", `${name}: got ${got}, wanted ${wanted}`);
  };
  const isCount = (value: number, least: number): boolean => Number.isSafeInteger(value) && value >= least;
  if (!isCount(topK, 1)) refuse("topK", topK, "a whole number from 1");
  if (!isCount(negatives, 1)) refuse("negatives", negatives, "a whole number from 1");
  if (!isCount(skip, 0) || skip >= topK) refuse("skip", skip, `a whole number from 0, below topK (${topK})`);
  if (margin !== undefined && !(margin >= 0)) refuse("margin", margin, "a number from 0");
  if (share !== undefined && !(share > 0 && share <= 1))
    refuse("share", share, "a number above 0, at most 1");
  if (method === "random" && (margin ?? share) !== undefined) {
    throw new RetrieveError(
      "invalid_argument",
      "random candidates have no score that a margin could compare",
    );
  }
}

/** Identifies the work: equal keys give equal files. */
async function keyOf(settings: Settings): Promise<string> {
  const { rows, corpus, qrels, encoder, task } = settings;
  const { method, topK, negatives, skip, pick, margin, share, filterAnswers, replace, seed } = settings;
  const files = [
    await hashFile(rows),
    await hashFile(corpus),
    qrels === undefined ? null : await hashFile(qrels),
  ];
  const model = encoder === undefined ? null : [encoder.name, encoder.fingerprint(task)];
  const choices = { method, topK, negatives, skip, pick, margin, share, filterAnswers, replace, seed, task };
  return createHash("sha256")
    .update(JSON.stringify([files, model, choices]))
    .digest("hex");
}

async function minerOf(settings: Settings): Promise<Miner> {
  const { corpus, qrels } = settings;
  return await openMiner(
    await readCorpus(corpus),
    qrels === undefined ? new Map() : await readQrels(qrels),
    settings,
  );
}
