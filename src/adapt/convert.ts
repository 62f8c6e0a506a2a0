/** Sources to sets of rows: each of one task, all with negatives or all in want of them. */

import { mkdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { type ConvertOptions, convertDataset, type TrainingRow } from "../dataset/index.ts";
import { formatJsonLine, RetrieveError, writeFileAtomic } from "../std/index.ts";
import type { AdaptSource } from "./config.ts";
import { detectParts, type Part } from "./detect.ts";
import { type Work, watched } from "./hooks.ts";
import { fileName, readRows, writeRows } from "./rows.ts";

/** Rows of one part of a source. */
export interface RowSet {
  readonly name: string;
  readonly task: string;
  /** What the rows are of. */
  readonly source: string;
  readonly form: Part["form"];
  readonly rows: number;
  /** Rows of which neither a label nor a score tells the positive. */
  readonly undecided: number;
  /** Documents to mine negatives from, where the rows have none: a path, or a name within the folder. */
  readonly corpus: string | null;
}

export interface Converted {
  readonly sets: readonly RowSet[];
}

/** Tasks whose candidates a language model can judge; labels train the others better, or nothing else can. */
export const scoredTasks: ReadonlySet<string> = new Set(["qa", "icl", "chat", "lrlm"]);

/** The file of a set. */
export function setFile({ name }: Pick<RowSet, "name">): string {
  return join("rows", `${name}.jsonl`);
}

/**
 * Throws what readers and converters throw, `invalid_data` for a source without a row, and `invalid_argument` where rows
 * have no labels and no language model is there to judge them.
 */
export async function convertSources(work: Work): Promise<Converted> {
  const sets: RowSet[] = [];
  for (const [number, source] of work.settings.sources.entries()) {
    for (const part of await detectParts(source.path, work.onNotice)) {
      sets.push(...(await convertPart(work, { source, part, number: `${number + 1}.${sets.length + 1}` })));
    }
  }
  checkDecidable(sets, work.settings.llm);
  return { sets };
}

interface Placed {
  readonly source: AdaptSource;
  readonly part: Part;
  /** Keeps names apart. */
  readonly number: string;
}

async function convertPart(work: Work, placed: Placed): Promise<RowSet[]> {
  const { part, source } = placed;
  const file = await converted(work, placed);
  const kinds = await kindsIn(file, source, work.signal);
  if (kinds.size === 0)
    throw new RetrieveError("invalid_data", `${part.path}: not one row: the file is empty`);
  const sets: RowSet[] = [];
  for (const [kind, { task, isBare, rows, undecided }] of kinds) {
    const name = fileName(`${placed.number}-${basename(part.path)}-${task}${isBare ? "-bare" : ""}`);
    const ownCorpus = part.form === "beir" ? resolve(part.path, "corpus.jsonl") : undefined;
    await writeRows(
      work.at(setFile({ name })),
      [file],
      (row) => {
        const own = { ...row, task: taskOf(row, source) };
        if (kindOf(own, source) !== kind) return undefined;
        return isBare && ownCorpus === undefined ? withoutPlaces(own) : own;
      },
      work.signal,
    );
    const corpus = isBare ? (ownCorpus ?? (await writePool(work, name, file))) : null;
    sets.push({ name, task, source: source.path, form: part.form, rows, undecided, corpus });
  }
  return sets;
}

async function converted(work: Work, { part, source, number }: Placed): Promise<string> {
  if (part.form === "rows") return part.path;
  const out = work.at("converted", `${fileName(`${number}-${basename(part.path)}`)}.jsonl`);
  await mkdir(work.at("converted"), { recursive: true });
  const options: ConvertOptions = {
    ...(source.task !== undefined && { task: source.task }),
    ...(part.split !== undefined && { split: part.split }),
    seed: work.settings.seed,
    onNotice: work.onNotice,
    ...watched(work),
  };
  const { read, kept, dropped } = await convertDataset(part.form, part.path, out, options);
  const reasons = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
  if (kept < read) work.onNotice(`${part.path}: ${kept} rows of ${read}; left out: ${reasons.join(", ")}`);
  return out;
}

interface Kind {
  readonly task: string;
  /** Whether the rows have positives and nothing beside them. */
  readonly isBare: boolean;
  rows: number;
  undecided: number;
}

async function kindsIn(
  file: string,
  source: AdaptSource,
  signal: AbortSignal | undefined,
): Promise<Map<string, Kind>> {
  const kinds = new Map<string, Kind>();
  for await (const row of readRows(file)) {
    signal?.throwIfAborted();
    const key = kindOf(row, source);
    const kind = kinds.get(key) ?? { task: taskOf(row, source), isBare: isBare(row), rows: 0, undecided: 0 };
    kind.rows++;
    kind.undecided += Number(row.pos.length === 0 && row.teacherScores === undefined);
    kinds.set(key, kind);
  }
  return kinds;
}

function kindOf(row: TrainingRow, source: AdaptSource): string {
  return `${isBare(row) ? "bare" : "whole"} ${taskOf(row, source)}`;
}

function taskOf(row: TrainingRow, { task }: AdaptSource): string {
  return task ?? row.task ?? "qa";
}

function isBare({ pos, neg, history }: TrainingRow): boolean {
  return history === undefined && pos.length > 0 && neg.length === 0;
}

/** Places of texts in some corpus say nothing of their places in another. */
function withoutPlaces({ posIndex: _pos, negIndex: _neg, ...row }: TrainingRow): TrainingRow {
  return row;
}

/** All labelled texts of a file as a corpus: what answers one query is no answer to most others. */
async function writePool(work: Work, name: string, file: string): Promise<string> {
  const texts = new Set<string>();
  for await (const { pos, neg } of readRows(file)) for (const text of [...pos, ...neg]) texts.add(text);
  const corpus = join("rows", `${name}.corpus.jsonl`);
  const lines = [...texts].map((text, at) => formatJsonLine({ _id: String(at), text }));
  await writeFileAtomic(work.at(corpus), lines);
  return corpus;
}

function checkDecidable(sets: readonly RowSet[], llm: string | null): void {
  const undecided = sets.filter((set) => set.undecided > 0);
  const lost = undecided.find(({ task }) => !scoredTasks.has(task));
  if (lost !== undefined) {
    throw new RetrieveError(
      "invalid_data",
      `${lost.source}: ${lost.undecided} rows of task ${lost.task} have no labels, and no language model can judge that task; ` +
        "name the texts that answer them in pos",
    );
  }
  const [first] = undecided;
  if (first === undefined || llm !== null) return;
  throw new RetrieveError(
    "invalid_argument",
    `${first.source}: ${first.undecided} rows of task ${first.task} have no labels; name a language model that judges ` +
      "their candidates (--llm), or give rows with pos",
  );
}
