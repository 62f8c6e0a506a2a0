/**
 * A batch of token rows as the chunks that run one after the other: rows of nearly equal length together, so that little
 * is padding, with the dropout masks of each. The same rows and pass give the same chunks and masks.
 */

import { formBatches, padBatch } from "../encoder/index.ts";
import type { Dim, Variable } from "../graph/index.ts";
import { RetrieveError } from "../std/index.ts";
import { createTensor, sizeOf, type Tensor } from "../tensor/index.ts";
import { fillDropoutMask } from "./dropout.ts";

/** What chooses the dropout masks: equal passes over equal rows drop the same. */
export interface Pass {
  readonly seed: number;
  /** Counts the batches of a run. */
  readonly number: number;
}

export interface ChunkLayout {
  /** The inputs that are masks, with their shapes in B and T. */
  readonly masks: readonly Variable[];
  /** The probability that a value is dropped. */
  readonly dropout: number;
  /** Tokens of a chunk, padding included; one row may have more. */
  readonly chunkTokens: number;
  readonly paddingId: number;
}

export type ChunkFeeds = ReturnType<typeof padBatch> & Readonly<Record<string, Tensor>>;

/** Rows that run together. */
export interface Chunk {
  /** Their places among all rows. */
  readonly members: readonly number[];
  /** All that the graphs take but weights. */
  readonly feeds: ChunkFeeds;
}

/** The chunks of `rows`, made as they are asked for: masks are large. */
export function* chunksOf(rows: readonly Int32Array[], layout: ChunkLayout, pass: Pass): Generator<Chunk> {
  const lengths = rows.map(({ length }) => length);
  for (const [number, members] of formBatches(lengths, layout.chunkTokens).entries()) {
    const batch = padBatch(
      members.flatMap((at) => rows[at] ?? []),
      layout.paddingId,
    );
    const [B = 0, T = 0] = batch.input_ids.shape;
    yield { members, feeds: { ...batch, ...masksOf(layout, { B, T }, pass, number) } };
  }
}

function masksOf(
  { masks, dropout }: ChunkLayout,
  sizes: Readonly<Record<string, number>>,
  { seed, number }: Pass,
  chunk: number,
): Record<string, Tensor> {
  const made = masks.map(({ name, shape }, site) => {
    const resolved = shape.map((dim) => sizeIn(sizes, dim));
    const data = new Float32Array(sizeOf(resolved));
    fillDropoutMask(data, { rate: dropout, seed, stream: streamOf(number, chunk, site) });
    return [name, createTensor("float32", resolved, data)] as const;
  });
  return Object.fromEntries(made);
}

/** Distinct below 2^53 for up to 2^29 batches of 65,536 chunks with 256 masks each. */
function streamOf(number: number, chunk: number, site: number): number {
  return (number * 65_536 + chunk) * 256 + site;
}

function sizeIn(sizes: Readonly<Record<string, number>>, dim: Dim): number {
  const size = typeof dim === "number" ? dim : sizes[dim];
  if (size === undefined) throw new RetrieveError("internal", `training: the size ${dim} is unknown`);
  return size;
}
