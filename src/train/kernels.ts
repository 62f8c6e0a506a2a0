/**
 * The compiled routines of `kernel/` and the memory that they work in. Addresses are byte offsets in that memory,
 * counts are numbers of four bytes; nothing is checked here. Knows no tensors and no names.
 */

import { readFileSync } from "node:fs";

/** A WebAssembly memory that never grows, so that views of it stay valid, and the routines bound to it. */
export interface Kernels {
  readonly buffer: ArrayBuffer;
  /** to[i] += from[i] */
  add(to: number, from: number, count: number): void;
  /** to[i] *= factor */
  scale(to: number, count: number, factor: number): void;
  /** The sum of from[i]² in float64. */
  sumOfSquares(from: number, count: number): number;
  /** table[ids[i]] += rows[i] in the order given: table [V, width], ids int32 [count], rows [count, width]. */
  scatterAdd(table: number, ids: number, rows: number, count: number, width: number): void;
  /** One step of AdamW; the formula stands in `kernel/adamw.ts`. */
  adamw(
    parameter: number,
    gradient: number,
    first: number,
    second: number,
    count: number,
    keep: number,
    rest1: number,
    beta2: number,
    rest2: number,
    root: number,
    epsilon: number,
    rate: number,
  ): void;
  /** `groups` times 16 random words; the counters are described in `kernel/philox.ts`. */
  philox(
    to: number,
    groups: number,
    low: number,
    high: number,
    stream0: number,
    stream1: number,
    key0: number,
    key1: number,
  ): void;
  /** `groups` times 16 random words to 32 numbers: 0 where 16 bits are below `threshold`, else the float32 `value`. */
  mask(to: number, words: number, groups: number, threshold: number, value: number): void;
}

/** The most bytes that 32-bit addresses reach: 4 GB. */
export const maximalBytes: number = 2 ** 32;

/**
 * The routines on a new memory of at least `bytes`, all zero; untouched pages cost no physical memory.
 * Throws `RangeError` when the system does not give that much address space.
 */
export function createKernels(bytes: number): Kernels {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(compiled(), { env: { memory } });
  return { ...exports, buffer: memory.buffer };
}

const PAGE_BYTES = 65_536;

// What is used of the global that TypeScript describes only for browsers.
declare const WebAssembly: {
  readonly Memory: new (size: {
    readonly initial: number;
    readonly maximum: number;
  }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => { readonly compiled: unique symbol };
  readonly Instance: new (
    module: InstanceType<typeof WebAssembly.Module>,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Omit<Kernels, "buffer"> };
};

let module: InstanceType<typeof WebAssembly.Module> | undefined;

/** Two kilobytes, read and compiled once. */
function compiled(): InstanceType<typeof WebAssembly.Module> {
  module ??= new WebAssembly.Module(readFileSync(new URL("./kernel/kernel.wasm", import.meta.url)));
  return module;
}
