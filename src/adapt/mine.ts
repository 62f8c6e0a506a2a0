/** Negatives for rows that have none. */

import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type MineOptions, mineNegatives } from "../dataset/index.ts";
import { openEncoder } from "../encoder/index.ts";
import { type Work, watched } from "./hooks.ts";
import { type Side, type SplitSet, sideFile } from "./split.ts";

export interface Mined {
  /** That had no negatives. */
  readonly rows: number;
}

/** Added to each row. */
const wanted = { train: 15, byWords: 10, byChance: 10 } as const;

/** The file of one side of a set after mining. */
export function minedFile(set: SplitSet, side: Side): string {
  return set.corpus === null ? sideFile(set, side) : join("mined", `${set.name}.${side}.jsonl`);
}

/**
 * What is trained on gets the negatives that the starting encoder finds hard. What is measured gets those that BM25 finds, and
 * random ones: negatives of the starting encoder would hold its own faults against it, and any other encoder would look better.
 */
export async function mineSets(work: Work, sets: readonly SplitSet[]): Promise<Mined> {
  const bare = sets.filter(({ corpus }) => corpus !== null);
  const rows = bare.reduce((sum, set) => sum + set.train + set.heldOut, 0);
  for (const set of bare) if (set.heldOut > 0) await mineHeldOut(work, set);
  if (!bare.some(({ train }) => train > 0)) return { rows };
  await using encoder = await openEncoder(work.settings.base, {
    ...(work.offline && { offline: true }),
    ...(work.signal && { signal: work.signal }),
    onNotice: work.onNotice,
  });
  for (const set of bare) {
    if (set.train === 0) continue;
    const given = { method: "hybrid", encoder, negatives: wanted.train } as const;
    await mineOnce(work, set, sideFile(set, "train"), minedFile(set, "train"), given);
  }
  return { rows };
}

async function mineHeldOut(work: Work, set: SplitSet): Promise<void> {
  const [from, between, to] = [
    sideFile(set, "held-out"),
    join("mined", `${set.name}.by-words.jsonl`),
    minedFile(set, "held-out"),
  ];
  await mineOnce(work, set, from, between, { method: "bm25", negatives: wanted.byWords });
  await mineOnce(work, set, between, to, { method: "random", negatives: wanted.byChance });
}

/** A file that is there is complete. */
async function mineOnce(
  work: Work,
  { task, corpus }: SplitSet,
  from: string,
  to: string,
  options: Pick<MineOptions, "method" | "negatives" | "encoder">,
): Promise<void> {
  if (await isThere(work.at(to))) return;
  await mineNegatives({
    ...options,
    rows: work.at(from),
    corpus: resolve(work.at(), corpus ?? ""),
    out: work.at(to),
    task,
    seed: work.settings.seed,
    onNotice: work.onNotice,
    ...watched(work),
  });
}

export async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
