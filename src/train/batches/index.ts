/**
 * Which rows make each batch of a training run. In a homogeneous batch all rows are of one data set, so that in-batch
 * negatives are of the query's own task. Source: LLM-Embedder (arXiv 2310.07554), section "Homogeneous Negative Sampling",
 * and the methods of its reference code.
 *
 * Nothing but (seed, step) is state: the same options give the same batches, and a run that stopped after some steps goes
 * on by leaving out as many batches.
 */

import { RetrieveError } from "../../std/index.ts";
import type { Batch, BatchOptions, Method } from "./batch.ts";
import { epoch, epochStatic } from "./epoch.ts";
import { epochRandom } from "./epoch-random.ts";
import { off } from "./off.ts";
import { randomOf } from "./permutation.ts";
import { random } from "./random.ts";

export type { BatchItem } from "./batch.ts";
export { randomOf } from "./permutation.ts";

export type BatchMethod = "epoch" | "epoch-static" | "epoch-random" | "random" | "off";

const methods: Readonly<Record<BatchMethod, Method>> = {
  epoch,
  "epoch-static": epochStatic,
  "epoch-random": epochRandom,
  random,
  off,
};

/**
 * Batches without end, each of `batchSize` rows.
 *
 * Throws `invalid_argument` at once for sizes or a seed that are no counts, and where a data set (with `off`: all of them
 * together) is smaller than a batch. Memory: 4 bytes a row.
 */
export function batches(options: BatchOptions & { readonly method: BatchMethod }): Generator<Batch> {
  check(options);
  return methods[options.method](options, (...purpose) => randomOf([options.seed, ...purpose]));
}

function check({
  sizes,
  names,
  batchSize,
  method,
  seed,
}: BatchOptions & { readonly method: BatchMethod }): void {
  const counts = [batchSize, ...sizes];
  if (sizes.length === 0 || counts.some((count) => !Number.isInteger(count) || count < 1)) {
    throw refusal(
      `batches of ${batchSize} rows from sizes [${sizes.join(", ")}]; whole numbers from 1 are wanted`,
    );
  }
  if (!Number.isInteger(seed)) throw refusal(`the seed is ${seed}; a whole number is wanted`);
  const small = method === "off" ? -1 : sizes.findIndex((size) => size < batchSize);
  if (small >= 0) {
    throw refusal(
      `data set ${names?.[small] ?? `${small} (counted from 0)`} has ${sizes[small]} rows, less than a batch of ${batchSize}; ` +
        "make the batch smaller, leave the data set out, or mix data sets in a batch (method off)",
    );
  }
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total < batchSize || total > 2 ** 32) {
    throw refusal(`${total} rows in all; from ${batchSize} (one batch) to 4294967296 are wanted`);
  }
}

function refusal(fault: string): RetrieveError {
  return new RetrieveError("invalid_argument", `batches: ${fault}`);
}
