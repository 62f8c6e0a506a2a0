/** Vectors that are computed once: kept in a folder under what they were made of. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { EncodeOptions, Encoder, Side, TaskName } from "../encoder/index.ts";
import { diskError, RetrieveError, writeFileAtomic } from "../std/index.ts";

export interface VectorOptions extends EncodeOptions {
  readonly task: TaskName;
  /** Where the vectors are kept between runs; without it they are not. */
  readonly cacheFolder?: string | undefined;
}

/**
 * The vectors of `texts`, in their order, from the cache folder where they are there.
 *
 * A cache file holds little-endian float32 [n, d] and is named by a hash of the side, the encoder's fingerprint of it
 * under the task, and the texts: another model, adapter, instruction or corpus is another file.
 */
export async function encodeOnce(
  encoder: Encoder,
  side: Side,
  texts: readonly string[],
  { cacheFolder, ...options }: VectorOptions,
): Promise<Float32Array[]> {
  const encode = (): Promise<Float32Array[]> =>
    side === "query" ? encoder.encodeQueries(texts, options) : encoder.encodeDocuments(texts, options);
  if (cacheFolder === undefined || texts.length === 0) return await encode();
  const key = contentKey([side, encoder.fingerprint(options.task, side)], texts);
  const path = join(cacheFolder, `${key}.f32`);
  const kept = await readVectors(path, texts.length, encoder.dimensions);
  if (kept !== undefined) return kept;
  const vectors = await encode();
  await writeFileAtomic(path, formatVectors(vectors));
  return vectors;
}

/**
 * `encoder` with the answers for these texts known: what is searched and ranked runs as ever, without encoding again.
 *
 * A text that is not known is a fault of the caller: `internal`. Closing it leaves `encoder` open.
 */
export function withKnownVectors(
  encoder: Encoder,
  known: {
    readonly query: ReadonlyMap<string, Float32Array>;
    readonly document: ReadonlyMap<string, Float32Array>;
  },
): Encoder {
  const lookUp = (side: "query" | "document", text: string): Float32Array => {
    const vector = known[side].get(text);
    if (vector !== undefined) return vector;
    throw new RetrieveError("internal", `a ${side} was not encoded before: "${text.slice(0, 60)}"`);
  };
  return {
    ...encoder,
    encodeQueries: async (texts) => texts.map((text) => lookUp("query", text)),
    encodeDocuments: async (texts) => texts.map((text) => lookUp("document", text)),
    async *encode(side, texts) {
      for await (const text of texts) yield lookUp(side, text);
    },
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

function contentKey(made: readonly string[], texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of [...made, ...texts]) hash.update(`${Buffer.byteLength(part)}\n`).update(part);
  return hash.digest("hex").slice(0, 40);
}

async function readVectors(
  path: string,
  count: number,
  dimensions: number,
): Promise<Float32Array[] | undefined> {
  const bytes = await readFile(path).catch((error: unknown) => {
    const readable = diskError(error, path);
    if (RetrieveError.isInstance(readable) && readable.code === "not_found") return undefined;
    throw readable;
  });
  if (bytes === undefined || bytes.length !== count * dimensions * 4) return undefined;
  const all = new Float32Array(count * dimensions);
  new Uint8Array(all.buffer).set(bytes);
  return Array.from({ length: count }, (_, row) => all.subarray(row * dimensions, (row + 1) * dimensions));
}

function* formatVectors(vectors: readonly Float32Array[]): Generator<Uint8Array> {
  for (const vector of vectors) yield new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}
