/** Whether a receipt holds: some of its queries measured again, from the data on. */

import { createRandom, shuffle } from "../../std/index.ts";
import { rounded } from "../retrieval.ts";
import type { OpenOptions } from "./benchmark.ts";
import type { Receipt } from "./receipt.ts";
import { type BenchmarkRun, measureBenchmark, type RunBenchmarkOptions } from "./run.ts";

export interface Verification {
  readonly holds: boolean;
  /** Queries that were measured again. */
  readonly sampled: number;
  /** What differs, a sentence each. */
  readonly differences: readonly string[];
}

export type VerifyOptions = Pick<
  RunBenchmarkOptions,
  "benchmark" | "encoder" | "model" | "cacheFolder" | "onNotice" | "onProgress" | "signal"
> & {
  /** Default the receipt's. */
  readonly folder?: string;
  /** Queries to measure again. Default 20. */
  readonly sample?: number;
  /** Of log-probabilities, whose last digits depend on batches and processors. Default 0.01. */
  readonly tolerance?: number;
};

/**
 * Measures a sample of the queries again and compares: the data by its hash, the encoder by its fingerprint, the language
 * model by its name, each metric of each sampled query. Give a `model` whose answers are not kept, or nothing is asked
 * again. The receipt's means must follow from the results beside it.
 */
export async function verifyRun(run: BenchmarkRun, options: VerifyOptions): Promise<Verification> {
  const { receipt, results } = run;
  const { sample = 20, tolerance = 0.01, folder = receipt.data.folder, ...given } = options;
  const chosen = shuffle(results, createRandom(receipt.seed)).slice(0, sample);
  const only = new Set(chosen.map(({ id }) => id));
  const { runs, summarise } = await measureBenchmark({
    ...optionsOf(receipt),
    ...{ ...given, folder, only, methods: [receipt.system.method] },
  });
  const again = runs[0];
  const differences: string[] = [];
  const compare = (what: string, was: string | null, is: string | null | undefined): void => {
    if (was !== is) differences.push(`${what}: was ${was ?? "none"}, is ${is ?? "none"}`);
  };
  compare("data (SHA-256)", receipt.data.sha256, again?.receipt.data.sha256);
  compare("encoder (fingerprint)", receipt.system.fingerprint, again?.receipt.system.fingerprint);
  compare("language model", receipt.llm, again?.receipt.llm);
  const found = new Map(again?.results.map((result) => [result.id, result.metrics]));
  for (const { id, metrics } of chosen) {
    for (const [name, value] of Object.entries(metrics)) {
      const now = found.get(id)?.[name];
      if (now === undefined || Math.abs(now - value) > tolerance * Math.max(1, Math.abs(value))) {
        differences.push(`query ${id}, ${name}: was ${value}, is ${now ?? "absent"}`);
      }
    }
  }
  const means = rounded(summarise(results).metrics);
  for (const [name, value] of Object.entries(receipt.metrics)) {
    if (Math.abs((means[name] ?? Number.NaN) - value) <= 1e-4) continue;
    differences.push(`mean ${name}: the receipt says ${value}, its results give ${means[name] ?? "none"}`);
  }
  return { holds: differences.length === 0, sampled: chosen.length, differences };
}

/** The options that a receipt's configuration stands for. */
function optionsOf({
  config,
  data,
  seed,
}: Receipt): OpenOptions & Pick<RunBenchmarkOptions, "task" | "bm25"> {
  const numbers = ["maxQueries", "k", "shots", "window", "target", "chunk", "context"].flatMap((name) =>
    typeof config[name] === "number" ? [[name, config[name]] as const] : [],
  );
  const { integrate, rouge, corpus, task, k1, b, stem } = config;
  return {
    ...Object.fromEntries(numbers),
    ...(typeof corpus === "string" && { corpus }),
    ...(typeof task === "string" && { task }),
    ...((integrate === "concat" || integrate === "replace") && { integrate }),
    ...((rouge === "rouge" || rouge === "rouge-score") && { rouge }),
    bm25: {
      ...(typeof k1 === "number" && { k1 }),
      ...(typeof b === "number" && { b }),
      ...(typeof stem === "boolean" && { stem }),
    },
    ...{ split: data.split, seed },
  };
}
