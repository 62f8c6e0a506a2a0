/**
 * What a benchmark is: questions, records to find, and a measure of what a language model makes of what was found.
 *
 * A benchmark reads its data and writes prompts; it knows neither how records are found nor how answers are kept.
 */

import type { CachedModel } from "../../dataset/index.ts";
import type { TaskName } from "../../encoder/index.ts";
import type { Query, SearchMethod } from "../../retrieve/index.ts";
import type { OnNotice } from "../../std/index.ts";
import type { MetricName } from "../metrics.ts";
import type { QueryResult, SystemMethod } from "./receipt.ts";

export interface PoolRecord {
  readonly id: string;
  /** What is encoded and searched. */
  readonly text: string;
  /** What stands in the prompt; default `text`. */
  readonly value?: string;
  /** Only items of the same pool see it. */
  readonly pool?: string;
  /** Its place in what it was cut from, from 0. */
  readonly place?: number;
}

export interface Item {
  readonly id: string;
  readonly query: string;
  /** The form in which a method searches; default the query as it is. */
  readonly search?: (method: SearchMethod) => Query;
  /** Subject, task or category. */
  readonly group?: string;
  readonly pool?: string;
  /** Gains of the records that are gold. */
  readonly gold?: ReadonlyMap<string, number>;
  /** Expected answers, where there are any. */
  readonly answers?: readonly string[];
}

/** What the language model made of an item; `leftOut` says why it was not asked. */
export type Measured =
  | { readonly metrics: Readonly<Record<string, number>>; readonly output?: string }
  | { readonly leftOut: string };

export interface OpenBenchmark {
  readonly split: string;
  readonly records: readonly PoolRecord[];
  readonly items: readonly Item[];
  /** What the data is known by, where records and items are cut by the language model; default these. */
  readonly source?: readonly string[];
  /** Queries that were read and left out, by reason. */
  readonly excluded: Readonly<Record<string, number>>;
  /** Of rankings, where items have gold. */
  readonly retrieval: readonly MetricName[];
  /** Rankings are this deep. */
  readonly depth: number;
  readonly headline: string;
  /** The metric of a query that stands behind the headline; default the headline itself. */
  readonly compared?: string;
  readonly lowerIsBetter?: boolean;
  /** Of the records in the order of time, recency takes every so many. Default 1. */
  readonly recencyStep?: number;
  /** Options and the defaults that held. */
  readonly config: Readonly<Record<string, string | number | boolean>>;
  /** Further measures of a ranking. */
  readonly measureRanking?: (item: Item, found: readonly PoolRecord[]) => Readonly<Record<string, number>>;
  /** What the language model makes of the item with what was found, best first. Absent where only retrieval counts. */
  readonly measure?: (item: Item, found: readonly PoolRecord[], model: CachedModel) => Promise<Measured>;
  /** Means by group and over all; default the mean of each metric over all queries. */
  readonly summarise?: (results: readonly QueryResult[]) => Summary;
}

export interface Summary {
  readonly metrics: Readonly<Record<string, number>>;
  readonly groups?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface OpenOptions {
  readonly split?: string;
  /** At most so many, evenly spaced. */
  readonly maxQueries?: number;
  /** The language model that will be asked; some benchmarks cut by its tokens. */
  readonly model?: CachedModel;
  /** Where the records lie, if not beside the queries. */
  readonly corpus?: string;
  /** Records given to the language model. */
  readonly k?: number;
  readonly shots?: number;
  /** Of long texts, in tokens of the language model. */
  readonly window?: number;
  readonly target?: number;
  readonly chunk?: number;
  readonly integrate?: "concat" | "replace";
  /** Tokens of a prompt with examples. */
  readonly context?: number;
  /** ROUGE-L as the paper's package has it, or as Google's. */
  readonly rouge?: "rouge" | "rouge-score";
  readonly seed: number;
  readonly onNotice?: OnNotice;
}

export interface Benchmark {
  readonly name: string;
  /** The instruction pair of both sides. */
  readonly task: TaskName;
  /** What is run where no method is named. */
  readonly methods: readonly SystemMethod[];
  /** Whether it says nothing without a language model. */
  readonly needsModel: boolean;
  /** The folders of a folder that holds several sets. Default the folder alone. */
  readonly foldersOf?: (folder: string) => Promise<string[]>;
  open(folder: string, options: OpenOptions): Promise<OpenBenchmark>;
}
