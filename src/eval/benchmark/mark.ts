/** What tells one run from another: the data by its content, the machine by its parts. */

import { createHash } from "node:crypto";
import { availableParallelism, cpus, totalmem } from "node:os";
import { basename, resolve } from "node:path";
import { packageVersion } from "../../std/index.ts";
import type { OpenBenchmark } from "./benchmark.ts";
import type { DataMark, Receipt } from "./receipt.ts";

/** Hashes every query with its gold and answers, and every record, in their order; or the source of a benchmark that is cut. */
export function markData(folder: string, { split, source, items, records }: OpenBenchmark): DataMark {
  const hash = createHash("sha256");
  const add = (...parts: readonly unknown[]): unknown => hash.update(`${JSON.stringify(parts)}\n`);
  if (source !== undefined) for (const text of source) add(text);
  else {
    for (const { id, query, gold = [], answers = [], pool = "" } of items)
      add(id, query, [...gold], answers, pool);
    for (const { id, text, pool = "" } of records) add(id, text, pool);
  }
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
