/** nDCG@10 of each query of a benchmark or of held-out rows, by dense search alone: that is what is trained. */

import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Encoder, TaskName } from "../encoder/index.ts";
import { evaluateRetrieval, evaluateRows, measureMemory } from "../eval/index.ts";
import { diskError, type OnNotice, type OnProgress } from "../std/index.ts";
import type { AdaptSource } from "./config.ts";
import { isThere } from "./mine.ts";

/** By query. */
export type PerQuery = ReadonlyMap<string, number>;

export interface MeasureOptions {
  readonly encoder: Encoder;
  readonly maxQueries: number;
  readonly onNotice: OnNotice;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
}

/** The measure that decides. */
export const metric = "nDCG@10";

/**
 * A file of rows, a folder of conversations with questions, or a BEIR folder; its task by default as elsewhere: that of
 * the rows, `chat`, `qa`. Throws what the evaluations throw.
 */
export async function measure({ path, task }: AdaptSource, options: MeasureOptions): Promise<PerQuery> {
  const found = await stat(path).catch((error: unknown) => {
    throw diskError(error, path);
  });
  const given = { ...options, ...(task !== undefined && { task }) };
  if (found.isFile()) return valuesOf((await evaluateRows({ ...given, file: path })).perQuery);
  const folder = { ...given, folder: path, methods: ["dense"] as const };
  const isMemory = await isThere(join(path, "conversations.jsonl"));
  const [evaluation] = isMemory ? await measureMemory(folder) : await evaluateRetrieval(folder);
  return valuesOf(evaluation?.perQuery ?? new Map());
}

function valuesOf(perQuery: ReadonlyMap<string, Readonly<Record<string, number>>>): Map<string, number> {
  return new Map([...perQuery].map(([query, values]) => [query, values[metric] ?? 0]));
}

/** Names in which no two are equal, by what the paths end with. */
export function guardNames(guards: readonly { readonly path: string; readonly task?: TaskName }[]): string[] {
  const used = new Map<string, number>();
  return guards.map(({ path }) => {
    const name =
      path
        .replace(/[\\/]+$/, "")
        .split(/[\\/]/)
        .at(-1)
        ?.replace(/\.jsonl?$/, "") || "guard";
    const before = used.get(name) ?? 0;
    used.set(name, before + 1);
    return before === 0 ? name : `${name}_${before}`;
  });
}
