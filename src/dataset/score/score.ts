/** Rewards for the candidates of training rows: resumable, in shards, and never computed twice. */

import { createHash } from "node:crypto";
import { formatJsonLine, hashFile, type OnNotice, RetrieveError } from "../../std/index.ts";
import { openPartial, tellPartials } from "../partial.ts";
import { formatRow, type TrainingRow } from "../row.ts";
import { type PlacedRow, rowBatches } from "../row-batches.ts";
import { costSentence, estimate, type ScoreEstimate } from "./estimate.ts";
import { type Survey, type SurveyOptions, surveyRows } from "./survey.ts";
import type { OpenTeacher, Spent, Teacher, Verdict } from "./teacher.ts";

export interface ScoreOptions extends SurveyOptions {
  readonly teacher: OpenTeacher;
  readonly onNotice?: OnNotice;
  readonly onProgress?: (progress: ScoreProgress) => void;
  readonly signal?: AbortSignal;
}

export interface ScoreProgress {
  /** Candidates. */
  readonly done: number;
  readonly total: number;
  /** Tokens that the language model evaluated until now. */
  readonly tokens: number;
}

export interface ScoreReport {
  /** Of `out`. */
  readonly rows: number;
  /** Answers after candidates that this run scored. */
  readonly scored: number;
  /** Those whose score was known: of earlier runs, of other processes, or the same texts met twice. */
  readonly cached: number;
  /** That the language model evaluated, prompts and answers. */
  readonly tokens: number;
  readonly seconds: number;
}

/**
 * Gives every candidate of every row its score: `teacher_scores`, and `teacher` with what made them; scores that were
 * there are replaced. Rows that cannot be scored are left out and told. What is done stands in a partial file beside
 * `out`, and the same call goes on from there; `out` appears when it is complete.
 *
 * Throws `not_found`; `invalid_data` naming file and line for a malformed row or another task, before anything is
 * scored, and where no row can be scored; what the teacher throws, after what was under way is kept.
 */
export async function scoreRows(options: ScoreOptions & { readonly out: string }): Promise<ScoreReport> {
  const started = performance.now();
  const { onNotice = () => undefined, signal, out } = options;
  const survey = await surveyRows(options);
  const { begin, end, task } = survey;
  const teacher = await options.teacher(task);
  try {
    const key = await keyOf(options, survey, teacher);
    let rows = 0;
    await using partial = await openPartial(out, key, () => rows++);
    await tellPartials(out, key, partial, onNotice);
    let done = begin + partial.lines;
    const meter = createMeter(survey.candidatesFrom(done), options);
    const hooks = { onSpent: meter.take, ...(signal && { signal }) };
    if (done < end && teacher.trial !== undefined) {
      const cost = await estimate(teacher, { ...survey, begin: done }, options.rows, hooks);
      onNotice(costSentence(cost));
    }
    const left = createLeftOut(partial.lines - rows);
    for await (const batch of rowBatches(options.rows, teacher.batchSize, { skip: done, end })) {
      signal?.throwIfAborted();
      const verdicts = await teacher.score(batch, hooks);
      const lines = batch.map((placed, index) => lineOf(placed, verdicts[index], { task, teacher, left }));
      await partial.append(lines);
      rows += lines.filter((line) => line !== leftOutLine).length;
      done += batch.length;
    }
    if (left.count > 0) onNotice(`${left.count} rows are left out: ${left.sentence()}`);
    teacher.tell?.(onNotice);
    if (rows === 0 && end > begin) {
      await partial.discard();
      throw new RetrieveError("invalid_data", `${options.rows}: no row can be scored: ${left.sentence()}`);
    }
    await partial.finish();
    return { rows, ...meter.total(), seconds: Math.round(performance.now() - started) / 1000 };
  } finally {
    await teacher.close?.();
  }
}

/** What {@link scoreRows} would cost. A language model scores a few candidates for it, which are then cached. */
export async function estimateScoring(options: ScoreOptions): Promise<ScoreEstimate> {
  const survey = await surveyRows(options);
  const teacher = await options.teacher(survey.task);
  try {
    const { signal } = options;
    return await estimate(teacher, survey, options.rows, signal ? { signal } : {});
  } finally {
    await teacher.close?.();
  }
}

/** Identifies the work: equal keys give equal files. */
async function keyOf(
  { rows }: ScoreOptions,
  { task, begin, end }: Survey,
  teacher: Teacher,
): Promise<string> {
  const parts = [await hashFile(rows), task, begin, end, teacher.identity];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

interface Meter {
  take(spent: Spent): void;
  total(): Pick<ScoreReport, "scored" | "cached" | "tokens">;
}

function createMeter(total: number, { onProgress }: ScoreOptions): Meter {
  const sums = { scored: 0, cached: 0, tokens: 0 };
  let done = 0;
  return {
    take: ({ candidates = 0, scored = 0, cached = 0, tokens = 0 }) => {
      done += candidates;
      sums.scored += scored;
      sums.cached += cached;
      sums.tokens += tokens;
      onProgress?.({ done, total, tokens: sums.tokens });
    },
    total: () => sums,
  };
}

/** Rows that get no line, by reason, with the place of the first. */
interface LeftOut {
  readonly count: number;
  add(reason: string, place: string): void;
  sentence(): string;
}

function createLeftOut(before: number): LeftOut {
  const reasons = new Map<string, { count: number; first: string }>();
  return {
    get count() {
      return [...reasons.values()].reduce((sum, { count }) => sum + count, before);
    },
    add: (reason, place) => {
      const found = reasons.get(reason) ?? { count: 0, first: place };
      reasons.set(reason, { ...found, count: found.count + 1 });
    },
    sentence: () =>
      [
        ...[...reasons].map(([reason, { count, first }]) => `${count} ${reason} (the first: ${first})`),
        ...(before > 0 ? [`${before} that an earlier run told`] : []),
      ].join(", "),
  };
}

/** Stands in the partial file for a row that is left out. */
const leftOutLine = "\n";

interface Written {
  readonly task: string;
  readonly teacher: Teacher;
  readonly left: LeftOut;
}

function lineOf(
  { row, place }: PlacedRow,
  verdict: Verdict | undefined,
  { task, teacher, left }: Written,
): string {
  if (verdict === undefined || "leftOut" in verdict) {
    left.add(verdict?.leftOut ?? "without a verdict", place);
    return leftOutLine;
  }
  return formatJsonLine(formatRow(scoredRow(row, task, verdict, teacher)));
}

function scoredRow(
  { teacherScores: _before, others = {}, ...row }: TrainingRow,
  task: string,
  { scores, others: more = {} }: Exclude<Verdict, { leftOut: string }>,
  { identity }: Teacher,
): TrainingRow {
  const kept = Object.entries(others).filter(([name]) => !name.startsWith("teacher"));
  return {
    ...row,
    task: row.task ?? task,
    teacherScores: scores,
    others: { ...Object.fromEntries(kept), ...more, teacher: identity },
  };
}
