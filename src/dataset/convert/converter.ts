/** What a converter is: it reads a data set in its own layout and gives a training row, or a reason, for each query. */

import type { OnNotice } from "../../std/index.ts";
import type { TrainingRow } from "../row.ts";

/** One query of the data set: the row made of it, or why there is none. */
export type Converted = { readonly row: TrainingRow } | { readonly dropped: string };

export interface ConverterOptions {
  /** Written into the rows. Default: what the converter says. */
  readonly task?: string;
  /** Default `train`. */
  readonly split?: string;
  /** Default: what the converter says. */
  readonly negatives?: NegativesOptions;
  /** Of random negatives. Default 0. */
  readonly seed?: number;
  readonly onNotice?: OnNotice;
}

/** Texts put beside the positives of a query: any others, or those that share the most words with it. */
export interface NegativesOptions {
  readonly method: "random" | "bm25" | "none";
  readonly count: number;
}

/** Queries are counted by what it yields. Throws `not_found` and `invalid_data` as the reader of the layout does. */
export type Converter = (source: string, options: ConverterOptions) => AsyncIterable<Converted>;
