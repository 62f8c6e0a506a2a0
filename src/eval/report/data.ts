/** What a report says, as plain data: the JSON beside its page. */

import type { Comparison, Interval } from "../statistics.ts";

export interface ReportData {
  /** Version of this form. */
  readonly report: 1;
  /** Of the bootstrap and the randomisation test. */
  readonly seed: number;
  readonly runs: number;
  /** Language models whose numbers show only that the harness runs. */
  readonly tinyModels: readonly string[];
  /** What a reader must know before the numbers. */
  readonly notices: readonly string[];
  /** Runs without a language model. */
  readonly retrieval: Part;
  readonly languageModels: Part;
  readonly receipts: readonly ReceiptEntry[];
}

export interface Part {
  readonly benchmarks: readonly BenchmarkTable[];
  readonly comparisons: readonly ComparisonRow[];
  readonly matrix: Matrix;
  readonly contexts: readonly ContextCurves[];
  readonly failures: readonly Failures[];
}

/** The systems on one benchmark and its data. */
export interface BenchmarkTable {
  readonly benchmark: string;
  /** Name of the data. */
  readonly data: string;
  readonly title: string;
  readonly headline: string;
  readonly lowerIsBetter: boolean;
  readonly systems: readonly SystemRow[];
  readonly published: readonly PublishedResult[];
}

export interface SystemRow {
  /** Name of its receipt. */
  readonly run: string;
  /** Method, encoder and, where runs differ in nothing else, their settings. */
  readonly system: string;
  readonly method: string;
  readonly model: string | null;
  readonly llm: string | null;
  readonly value: number;
  /** 95 %, by the bootstrap; null without queries. */
  readonly interval: Interval | null;
  readonly queries: number;
  readonly excluded: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** The headline in each subject, task or category. */
  readonly groups: Readonly<Record<string, number>>;
}

/** A number from a paper. */
export interface PublishedResult {
  readonly benchmark: string;
  readonly method: string;
  readonly llm: string | null;
  readonly group?: string;
  readonly metric: string;
  readonly value: number;
  readonly source: string;
}

export type Verdict = "better" | "worse" | "unclear" | "not judged";

/** `left` against `right` on the queries of both. */
export interface ComparisonRow extends Comparison {
  readonly title: string;
  readonly llm: string | null;
  readonly left: string;
  readonly right: string;
  /** What `difference` is counted in. */
  readonly unit: string;
  readonly lowerIsBetter: boolean;
  /** `randomizationP` corrected for all comparisons of the report. */
  readonly holmP: number;
  /** Of `left`, where the corrected p is below 0.05. */
  readonly verdict: Verdict;
}

/** Headline values: a row a language model and system, a column a benchmark; null where there is no run. */
export interface Matrix {
  readonly rows: readonly string[];
  readonly columns: readonly { readonly name: string; readonly lowerIsBetter: boolean }[];
  readonly values: readonly (readonly (number | null)[])[];
}

/** A metric that falls, against the tokens of context that a run allowed. */
export interface ContextCurves {
  readonly title: string;
  readonly metric: string;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
}

/** The queries that went worst, worst first. */
export interface Failures {
  readonly title: string;
  readonly system: string;
  readonly llm: string | null;
  readonly metric: string;
  readonly queries: readonly FailedQuery[];
}

export interface FailedQuery {
  readonly id: string;
  readonly group?: string;
  readonly query: string;
  readonly value: number;
  /** Mean of the other systems on this query, where there are others. */
  readonly others?: number;
  readonly retrieved: readonly { readonly id: string; readonly text?: string; readonly isGold: boolean }[];
  readonly gold: readonly string[];
  readonly output?: string;
}

export interface ReceiptEntry {
  readonly run: string;
  readonly title: string;
  readonly sha256: string;
  readonly system: string;
  readonly fingerprint: string | null;
  readonly llm: string | null;
  readonly version: string;
  readonly config: Readonly<Record<string, string | number | boolean>>;
  readonly excluded: Readonly<Record<string, number>>;
  readonly corpus: number;
  readonly seed: number;
  readonly machine: string;
  readonly date: string;
  readonly seconds: number;
}
