/** What a batch method is: an endless, replayable sequence of batches of rows. Knows row numbers, never rows. */

import type { Random } from "../../std/index.ts";

/** A row in a batch. */
export interface BatchItem {
  /** Its data set, by its place in the list. */
  readonly dataset: number;
  readonly row: number;
  /** How often this data set has begun anew, so that what is drawn for a row can be drawn anew. */
  readonly epoch: number;
}

export type Batch = readonly BatchItem[];

export interface BatchOptions {
  /** Rows of each data set. One that is listed twice is seen twice as often, each time in an order of its own. */
  readonly sizes: readonly number[];
  /** Of the data sets, for errors. */
  readonly names?: readonly string[];
  /** Rows of each batch: no batch has fewer. */
  readonly batchSize: number;
  readonly seed: number;
}

/** Where a method gets its random numbers: one source for each purpose, named by numbers. */
export type RandomFor = (...purpose: readonly number[]) => Random;

export type Method = (options: BatchOptions, randomFor: RandomFor) => Generator<Batch>;

/** The items of some rows of one data set. */
export function itemsOf(dataset: number, epoch: number, rows: Uint32Array): BatchItem[] {
  return Array.from(rows, (row) => ({ dataset, row, epoch }));
}
