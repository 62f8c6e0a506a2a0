/** Rewards of the language model for rows that need them, and rows sorted into what is trained on and what is measured. */

import { join } from "node:path";
import { candidatesOf, languageModelTeacher, scoreRows, type TrainingRow } from "../dataset/index.ts";
import { type LanguageModel, openLanguageModel } from "../llm/index.ts";
import { RetrieveError } from "../std/index.ts";
import { scoredTasks } from "./convert.ts";
import { type Work, watched } from "./hooks.ts";
import { isThere, minedFile } from "./mine.ts";
import { fileName, readRows, writeRows } from "./rows.ts";
import { fewestHeldOut, type Side, type SplitSet } from "./split.ts";

/** A file of rows of one task. */
export interface TaskFile {
  readonly task: string;
  /** Within the folder. */
  readonly file: string;
  readonly rows: number;
}

export interface Scored {
  /** Of a task at most two: rows with scores, rows with labels alone. */
  readonly train: readonly TaskFile[];
  readonly heldOut: readonly TaskFile[];
  /** Answers after candidates that the language model was asked for, and those it had been asked before. */
  readonly scored: number;
  readonly cached: number;
  readonly tokens: number;
  /** Rows of which nothing tells the positive. */
  readonly undecided: number;
}

/** Throws what the language model throws, and `invalid_data` where of a task no row is left to train on, or too few to measure. */
export async function scoreSets(work: Work, sets: readonly SplitSet[]): Promise<Scored> {
  const spent = { scored: 0, cached: 0, tokens: 0 };
  const sums = { undecided: 0 };
  const train: TaskFile[] = [];
  const heldOut: TaskFile[] = [];
  await using judge = lazyJudge(work);
  for (const task of new Set(sets.map((set) => set.task))) {
    for (const side of ["train", "held-out"] as const) {
      const files = sets
        .filter((set) => set.task === task && (side === "train" ? set.train : set.heldOut) > 0)
        .map((set) => work.at(minedFile(set, side)));
      const sorted = await sortRows(work, task, side, files);
      sums.undecided += sorted.undecided;
      const judged = sorted.toScore === 0 ? 0 : await judge.score(task, side, spent);
      const whole = await gather(work, task, side, { ...sorted, judged });
      if (side === "train") train.push(...whole);
      else heldOut.push(...whole);
    }
    checkLeft(task, train);
    await checkMeasurable(work, task, heldOut);
  }
  if (sums.undecided > 0) {
    work.onNotice(
      `${sums.undecided} rows are left out: they have neither labels nor an answer to judge candidates by`,
    );
  }
  return { train, heldOut, ...spent, ...sums };
}

/** What becomes of a row. */
type Lot = "scored" | "to-score" | "labelled" | "undecided";

/** Labels are enough to measure by; to train, rewards say more than labels do. */
function lotOf(row: TrainingRow, side: Side, canJudge: boolean): Lot {
  const isLabelled = row.pos.length > 0;
  if (side === "held-out" && isLabelled) return "labelled";
  if (row.teacherScores !== undefined) return "scored";
  if (canJudge && (row.answers ?? []).length > 0) return "to-score";
  return isLabelled ? "labelled" : "undecided";
}

function lotFile(task: string, side: Side, lot: Lot | "judged"): string {
  return join("scored", `${fileName(task)}.${side}.${lot}.jsonl`);
}

interface Sorted {
  readonly scored: number;
  readonly labelled: number;
  readonly toScore: number;
  readonly undecided: number;
}

async function sortRows(work: Work, task: string, side: Side, files: readonly string[]): Promise<Sorted> {
  const canJudge = work.settings.llm !== null && scoredTasks.has(task);
  const write = (lot: Lot): Promise<number> =>
    writeRows(
      work.at(lotFile(task, side, lot)),
      files,
      (row) => (lotOf(row, side, canJudge) === lot ? row : undefined),
      work.signal,
    );
  return {
    scored: await write("scored"),
    labelled: await write("labelled"),
    toScore: await write("to-score"),
    undecided: await write("undecided"),
  };
}

/** The files that training and evaluation read. */
async function gather(
  work: Work,
  task: string,
  side: Side,
  { scored, labelled, judged }: Sorted & { readonly judged: number },
): Promise<TaskFile[]> {
  const file = (lot: Lot | "judged"): string => work.at(lotFile(task, side, lot));
  const withScores = [...(scored > 0 ? [file("scored")] : []), ...(judged > 0 ? [file("judged")] : [])];
  const withLabels = labelled > 0 ? [file("labelled")] : [];
  const parts =
    side === "train"
      ? ([
          ["scored", withScores],
          ["labelled", withLabels],
        ] as const)
      : ([["held-out", [...withScores, ...withLabels]]] as const);
  const files: TaskFile[] = [];
  for (const [name, paths] of parts) {
    if (paths.length === 0) continue;
    const out = join(side, `${fileName(task)}.${name}.jsonl`);
    files.push({ task, file: out, rows: await writeRows(work.at(out), paths, (row) => row, work.signal) });
  }
  return files;
}

function checkLeft(task: string, train: readonly TaskFile[]): void {
  if (train.some((file) => file.task === task)) return;
  throw new RetrieveError(
    "invalid_data",
    `task ${task}: no row is left to train on: none has labels or answers to judge candidates by`,
  );
}

/** Said before hours of training, not after: rows whose candidates are all as good as each other cannot be ranked wrong. */
async function checkMeasurable({ at }: Work, task: string, heldOut: readonly TaskFile[]): Promise<void> {
  const files = heldOut.filter((file) => file.task === task);
  let rows = 0;
  let measurable = 0;
  for (const { file } of files) {
    for await (const row of readRows(at(file))) {
      rows++;
      measurable += Number(canBeWrong(row));
    }
  }
  if (measurable >= fewestHeldOut) return;
  throw new RetrieveError(
    "invalid_data",
    `task ${task}: of ${rows} held-out rows only ${measurable} can be measured, the others have no candidate that is worse ` +
      `than their best; wanted at least ${fewestHeldOut}: give more rows or negatives, or leave that source out`,
  );
}

/** Whether a candidate is not gold, as evaluation takes it. */
function canBeWrong(row: TrainingRow): boolean {
  const { pos, teacherScores = [] } = row;
  if (pos.length > 0) return candidatesOf(row).some((text) => !pos.includes(text));
  return teacherScores.some((score) => score !== teacherScores[0]);
}

interface Judge extends AsyncDisposable {
  /** Scores the rows that want it; how many have scores now. */
  score(task: string, side: Side, spent: { scored: number; cached: number; tokens: number }): Promise<number>;
}

/** The language model is loaded for the first row that needs it, and not at all where none does. */
function lazyJudge(work: Work): Judge {
  const { settings, at, onNotice, onProgress, signal } = work;
  let opened: LanguageModel | undefined;
  const open = async (): Promise<LanguageModel> => {
    const uri = settings.llm ?? "";
    const openModel =
      work.openLanguageModel ?? ((name) => openLanguageModel(name, { onNotice, ...(signal && { signal }) }));
    opened ??= await openModel(uri);
    return opened;
  };
  return {
    score: async (task, side, spent) => {
      const out = at(lotFile(task, side, "judged"));
      if (!(await isThere(out))) {
        const teacher = languageModelTeacher(await open(), {
          cache: work.scoreCache ?? at("cache"),
          reward: settings.reward,
          seed: settings.seed,
          onNotice,
        });
        const report = await scoreRows({
          rows: at(lotFile(task, side, "to-score")),
          out,
          teacher,
          onNotice,
          ...watched(work),
          onProgress: ({ done, total }) => onProgress({ done, total, unit: "candidates" }),
        });
        for (const name of ["scored", "cached", "tokens"] as const) spent[name] += report[name];
      }
      return await countRows(out);
    },
    [Symbol.asyncDispose]: async () => await opened?.close(),
  };
}

async function countRows(path: string): Promise<number> {
  let count = 0;
  for await (const _ of readRows(path)) count++;
  return count;
}
