/** Vectors that never change, computed once as long as there is room for them. */

import { createHash } from "node:crypto";
import type { Matrix } from "./matrix.ts";

/** What a kept vector takes besides its numbers: its key and its place in the table. */
const overhead = 200;

/**
 * `embed` with its answers kept, up to `bytes`. When there is no more room what is held stays, and others are computed
 * each time: texts come around once an epoch, so that a cache which forgot the oldest would find none.
 */
export function createVectorCache(
  embed: (rows: readonly Int32Array[]) => Promise<readonly Float32Array[]>,
  dimensions: number,
  bytes: number,
): (rows: readonly Int32Array[]) => Promise<Matrix> {
  const room = Math.floor(bytes / (4 * dimensions + overhead));
  const kept = new Map<string, Float32Array>();
  return async (rows) => {
    const keys = rows.map(keyOf);
    const missing = [...keys.keys()].filter((at) => !kept.has(keys[at] ?? ""));
    const made = await embed(missing.flatMap((at) => rows[at] ?? []));
    const fresh = new Map(missing.map((at, index) => [at, made[index]]));
    const data = new Float32Array(rows.length * dimensions);
    for (const [at, key] of keys.entries()) {
      const vector = fresh.get(at) ?? kept.get(key);
      if (vector === undefined) continue;
      data.set(vector, at * dimensions);
      if (kept.size < room) kept.set(key, vector);
    }
    return { rows: rows.length, columns: dimensions, data };
  };
}

function keyOf(row: Int32Array): string {
  return createHash("sha256").update(row).digest("base64");
}
