/** Rows that are held out: chosen by query, so that no query is trained on and asked. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { RetrieveError } from "../std/index.ts";
import { type RowSet, setFile } from "./convert.ts";
import type { Work } from "./hooks.ts";
import { readRows, writeRows } from "./rows.ts";

/** Which side of the split a file of rows is. */
export type Side = "train" | "held-out";

export interface SplitSet extends RowSet {
  readonly train: number;
  readonly heldOut: number;
}

export interface Split {
  readonly sets: readonly SplitSet[];
  /** Rows that are on neither side: another task holds their query out. */
  readonly leftOut: number;
}

/** Fewer differences than these are decided by chance: ten wins of ten give p = 0.002, five of five 0.06. */
export const fewestHeldOut = 10;

/** The file of one side of a set. */
export function sideFile({ name }: Pick<RowSet, "name">, side: Side): string {
  return join("split", `${name}.${side}.jsonl`);
}

/**
 * Throws `invalid_data` for a task of which too few queries are held out to decide anything, or none is left to train on.
 */
export async function splitRows(work: Work, sets: readonly RowSet[]): Promise<Split> {
  const { settings, at, signal } = work;
  const queries = new Map<string, Set<string>>();
  for (const set of sets) {
    const own = queries.get(set.task) ?? new Set();
    for await (const { query } of readRows(at(setFile(set)))) own.add(queryKey(query));
    queries.set(set.task, own);
  }
  const chosen = new Map(
    [...queries].map(([task, keys]) => [task, chooseHeldOut([...keys], settings)] as const),
  );
  checkEnough(queries, chosen);
  const anywhere = new Set([...chosen.values()].flatMap((keys) => [...keys]));
  const split: SplitSet[] = [];
  let leftOut = 0;
  for (const set of sets) {
    const heldOut = chosen.get(set.task) ?? new Set<string>();
    const counts = { train: 0, "held-out": 0 };
    for (const side of ["train", "held-out"] as const) {
      const isHere = (query: string): boolean =>
        side === "held-out" ? heldOut.has(queryKey(query)) : !anywhere.has(queryKey(query));
      counts[side] = await writeRows(
        at(sideFile(set, side)),
        [at(setFile(set))],
        (row) => (isHere(row.query) ? row : undefined),
        signal,
      );
    }
    leftOut += set.rows - counts.train - counts["held-out"];
    split.push({ ...set, train: counts.train, heldOut: counts["held-out"] });
  }
  if (leftOut > 0) {
    work.onNotice(`${leftOut} rows are left out: their queries are held out in another task`);
  }
  return { sets: split, leftOut };
}

/** Texts that differ in case and white space alone are one query. */
export function queryKey(query: string): string {
  return query.normalize("NFKC").toLowerCase().replaceAll(/\s+/g, " ").trim();
}

/** The share of the queries, at most so many, in an order that the seed and their text decide, wherever they stand. */
export function chooseHeldOut(
  keys: readonly string[],
  {
    heldOut,
    maxHeldOut,
    seed,
  }: { readonly heldOut: number; readonly maxHeldOut: number; readonly seed: number },
): Set<string> {
  const count = Math.min(maxHeldOut, Math.ceil(keys.length * heldOut));
  const ordered = keys
    .map((key) => ({ key, order: createHash("sha256").update(`${seed}\n${key}`).digest("hex") }))
    .sort((left, right) => (left.order < right.order ? -1 : 1));
  return new Set(ordered.slice(0, count).map(({ key }) => key));
}

function checkEnough(
  queries: ReadonlyMap<string, ReadonlySet<string>>,
  chosen: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  for (const [task, keys] of queries) {
    const heldOut = chosen.get(task)?.size ?? 0;
    if (heldOut >= fewestHeldOut && heldOut < keys.size) continue;
    throw new RetrieveError(
      "invalid_data",
      `task ${task}: ${keys.size} queries, ${heldOut} of them held out, are too few to decide whether an encoder is better; ` +
        `wanted at least ${fewestHeldOut} held out and some to train on: give more rows, or leave that source out`,
    );
  }
}
