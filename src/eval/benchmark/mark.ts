/** What tells one run from another: the data by its content, the machine by its parts. */

import { createHash } from "node:crypto";
import { availableParallelism, cpus, totalmem } from "node:os";
import { basename, resolve } from "node:path";
import { packageVersion } from "../../std/index.ts";
import type { OpenBenchmark } from "./benchmark.ts";
import type { DataMark, Receipt } from "./receipt.ts";

/** Hashes every query with its gold and answers, and every record, in their order. */
export function markData(folder: string, { split, items, records }: OpenBenchmark): DataMark {
  const hash = createHash("sha256");
  for (const { id, query, gold, answers, pool } of items) {
    hash.update(`${JSON.stringify([id, query, [...(gold ?? [])], answers ?? [], pool ?? ""])}\n`);
  }
  for (const { id, text, pool } of records) hash.update(`${JSON.stringify([id, text, pool ?? ""])}\n`);
  return { name: basename(resolve(folder)), folder, split, sha256: hash.digest("hex") };
}

/** Who measured, where and when. */
export function stamp(): Pick<Receipt, "version" | "machine" | "date"> {
  return { version: packageVersion(), machine: describeMachine(), date: new Date().toISOString() };
}

/** Processor, cores, memory and Node. */
function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${model}, ${availableParallelism()} cores, ${memory} GB, Node ${process.versions.node}, ${process.platform} ${process.arch}`;
}
