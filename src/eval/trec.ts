/** Runs in the format of TREC: a line `query Q0 document rank score tag` for each found document. */

import { RetrieveError, readText, writeFileAtomic } from "../std/index.ts";
import { type Run, rank, type Scored } from "./metrics.ts";

/** How many documents a query keeps in a run file. */
export const runDepth = 100;

/**
 * The lines of a run: for each query the first 100 in the order of {@link rank}, ranks from 1, scores strictly falling
 * even as 32-bit floats, so that every reader sees the same order.
 *
 * Throws `invalid_argument` for an id or tag that is empty or has white space in it, which the format cannot carry.
 */
export function* formatRun(run: Run, tag: string): Generator<string> {
  checkWord("tag", tag);
  for (const [query, found] of run) {
    checkWord("query id", query);
    for (const [index, { id, score }] of strictlyFalling(rank(found, query).slice(0, runDepth)).entries()) {
      checkWord("document id", id);
      yield `${query} Q0 ${id} ${index + 1} ${score} ${tag}\n`;
    }
  }
}

/** Writes {@link formatRun} to `path`, which appears only when complete. */
export async function writeRun(path: string, run: Run, tag: string): Promise<void> {
  await writeFileAtomic(path, formatRun(run, tag));
}

/**
 * Reads a run file. Order is by score: the rank column is not read, as in trec_eval.
 *
 * Throws `invalid_data` naming file and line for a line that is not six columns, a score that is not a number, or a
 * document that comes twice for a query.
 */
export async function readRun(path: string): Promise<Run> {
  const run = new Map<string, Map<string, number>>();
  for (const [index, line] of (await readText(path)).split("\n").entries()) {
    if (line.trim() === "") continue;
    const columns = line.trim().split(/\s+/);
    const [query = "", , id = "", , score = ""] = columns;
    if (columns.length !== 6 || !Number.isFinite(Number(score))) {
      throw new RetrieveError(
        "invalid_data",
        `${path}:${index + 1}: got "${line.slice(0, 80)}"; wanted "query Q0 document rank score tag"`,
      );
    }
    const found = run.get(query) ?? new Map<string, number>();
    if (found.has(id)) {
      throw new RetrieveError("invalid_data", `${path}:${index + 1}: query "${query}" ranks "${id}" twice`);
    }
    run.set(query, found.set(id, Number(score)));
  }
  return new Map([...run].map(([query, found]) => [query, [...found].map(([id, score]) => ({ id, score }))]));
}

/** The ranking in the order given, each score lowered where it is not already below the one before it. */
export function strictlyFalling(ranking: readonly Scored[]): Scored[] {
  let previous = Number.POSITIVE_INFINITY;
  return ranking.map(({ id, score }) => {
    const rounded = Math.fround(score);
    previous = rounded < previous ? rounded : nextBelow(previous);
    return { id, score: previous };
  });
}

/** The greatest 32-bit float below a finite `value` that is one. */
function nextBelow(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  if (value === 0) return -(2 ** -149);
  view.setFloat32(0, value);
  view.setInt32(0, view.getInt32(0) + (value > 0 ? -1 : 1));
  return view.getFloat32(0);
}

function checkWord(what: string, word: string): void {
  if (/^\S+$/.test(word)) return;
  throw new RetrieveError(
    "invalid_argument",
    `a run file cannot carry the ${what} "${word}": its columns are separated by white space`,
  );
}
