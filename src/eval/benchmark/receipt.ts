/**
 * What a benchmark run leaves behind: one receipt for each system, and the result of each of its queries beside it.
 *
 * A receipt carries all that is needed to run the same again and to tell whether it was the same.
 */

import type { SearchMethod } from "../../retrieve/index.ts";
import type { Overlap } from "../contamination.ts";

/** `NAME.json`, beside `NAME.jsonl` with a {@link QueryResult} a line. */
export interface Receipt {
  readonly format: 1;
  /** `icl`, `lrlm`, …, the name on the command line. */
  readonly benchmark: string;
  readonly data: DataMark;
  readonly system: SystemMark;
  /** The language model by its own name; null where only retrieval was measured. */
  readonly llm: string | null;
  /** Encoder and language model as they were named by who asked, to ask again. */
  readonly named: { readonly model: string | null; readonly llm: string | null };
  /** Means over what {@link QueryResult} has, in the order in which they are shown. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The same for each subject, task or category, where the benchmark has them. */
  readonly groups?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** The one of `metrics` that systems are compared by. */
  readonly headline: string;
  /** Perplexity falls where everything else rises. */
  readonly lowerIsBetter: boolean;
  /** Queries that were measured. */
  readonly queries: number;
  /** Records that were searched. */
  readonly corpus: number;
  /** Queries that were left out, by reason. */
  readonly excluded: Readonly<Record<string, number>>;
  /** How much of the benchmark stands in the rows that a model was trained on, where that was asked. */
  readonly contamination?: {
    readonly rows: readonly string[];
    readonly queries: Omit<Overlap, "examples">;
    readonly golds: Omit<Overlap, "examples">;
  };
  /** Options with the defaults that held: shots, k, window, … */
  readonly config: Readonly<Record<string, string | number | boolean>>;
  readonly seed: number;
  /** Of this package. */
  readonly version: string;
  readonly machine: string;
  /** ISO 8601. */
  readonly date: string;
  readonly seconds: number;
}

export interface DataMark {
  /** Folder name, for people. */
  readonly name: string;
  /** As it was given. */
  readonly folder: string;
  readonly split: string;
  /** SHA-256 over the queries, gold and documents that were read. */
  readonly sha256: string;
}

export interface SystemMark {
  readonly method: SystemMethod;
  /** The encoder by its name; null where none took part. */
  readonly model: string | null;
  /** Of the encoder's document side under the benchmark's task; null where none took part. */
  readonly fingerprint: string | null;
}

/** How records are found. `oracle` takes the gold, or where nothing is labelled the record that helps most. */
export type SystemMethod = "none" | "random" | "recency" | SearchMethod | "oracle";

/** What one query came to. */
export interface QueryResult {
  readonly id: string;
  /** Subject, task or category. */
  readonly group?: string;
  readonly query: string;
  /** Only numbers: a measure that has no value for this query is absent. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Best first. */
  readonly retrieved: readonly { readonly id: string; readonly score: number; readonly text?: string }[];
  /** Ids, or answers where no record is gold. */
  readonly gold?: readonly string[];
  /** What the language model wrote or chose. */
  readonly output?: string;
}
