/**
 * Texts through the tokenizer and the runner, in windows that bound the memory: within a window batches run by length,
 * out of it vectors come in the order of the texts. The next window is under way while one is handed out.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { OnProgress } from "../std/index.ts";
import type { Tokens } from "../tokenizer/index.ts";
import { formBatches } from "./batches.ts";
import type { Runner } from "./runner.ts";

export interface StreamOptions {
  readonly tokenize: (text: string) => Tokens;
  readonly runner: Pick<Runner, "lanes" | "run">;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  /** How many texts there are, where that is known. */
  readonly total?: number | undefined;
  /** Receives the tokens of each window, in order. */
  readonly onTokens?: ((tokens: readonly Tokens[]) => void) | undefined;
}

/** Texts that are tokenised and sorted together. */
const windowSize = 4096;
/** Tokens, padding included, of one batch: small ones keep a core's caches warm. */
const batchTokens = 512;
/** Texts tokenised before others get their turn, so that finished workers are given their next batch. */
const tokenizeAtOnce = 32;

/** The vectors of `texts`, in order. An abort ends it with the signal's reason after the batches under way. */
export async function* encodeStream(
  texts: AsyncIterable<string> | Iterable<string>,
  options: StreamOptions,
): AsyncGenerator<Float32Array> {
  let done = 0;
  const { total } = options;
  const advance = (count: number): void => {
    done += count;
    options.onProgress?.({ done, unit: "texts", ...(total !== undefined && { total }) });
  };
  let pending: Promise<Float32Array[]> = Promise.resolve([]);
  try {
    for await (const window of windows(texts)) {
      const next = encodeWindow(window, options, advance);
      next.catch(() => undefined); // told when its turn comes
      yield* await pending;
      pending = next;
    }
    yield* await pending;
  } finally {
    await pending.catch(() => undefined); // nothing runs on when the reader stops
  }
}

async function* windows(texts: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string[]> {
  let window: string[] = [];
  for await (const text of texts) {
    if (window.push(text) < windowSize) continue;
    yield window;
    window = [];
  }
  if (window.length > 0) yield window;
}

async function encodeWindow(
  texts: readonly string[],
  { tokenize, runner, signal, onTokens }: StreamOptions,
  advance: (count: number) => void,
): Promise<Float32Array[]> {
  signal?.throwIfAborted();
  const tokens: Tokens[] = [];
  for (const text of texts) {
    tokens.push(tokenize(text));
    if (tokens.length % tokenizeAtOnce > 0) continue;
    await nextTurn();
    signal?.throwIfAborted();
  }
  onTokens?.(tokens);
  const rows = tokens.map(({ ids }) => ids);
  const lengths = rows.map((row) => row.length);
  const batches = formBatches(lengths, batchTokens).values(); // shared: each lane takes the next
  const vectors = new Array<Float32Array>(texts.length);
  const lane = async (): Promise<void> => {
    for (const batch of batches) {
      signal?.throwIfAborted();
      const results = await runner.run(batch.flatMap((at) => rows[at] ?? []));
      for (const [index, at] of batch.entries()) vectors[at] = results[index] as Float32Array;
      advance(batch.length);
    }
  };
  await allDone(Array.from({ length: runner.lanes }, lane));
  return vectors;
}

/** Waits for all, then throws the first fault: nothing is under way when an error is told. */
async function allDone(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) {
    if (result.status === "rejected") throw result.reason;
  }
}
