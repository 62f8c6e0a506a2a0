/** A fake encoder at the seam: each word is hashed to an axis, so texts are near when they share words. */

import type { EncodeOptions, Encoder, Side } from "#src/encoder/index.js";
import { RetrieveError } from "#src/std/index.js";
import type { Tokenizer } from "#src/tokenizer/index.js";

export interface KeywordEncoderOptions {
  readonly name?: string;
  readonly dimensions?: number;
  /** Another seed is another vector space with another fingerprint. */
  readonly seed?: number;
  /** Told what is encoded, before it is; may throw or wait. */
  readonly onEncode?: (side: Side, texts: readonly string[]) => void | Promise<void>;
}

const tasks = ["qa", "convsearch", "chat", "lrlm", "icl", "tool"];

export function keywordEncoder(options: KeywordEncoderOptions = {}): Encoder {
  const { name = "keyword", dimensions = 64, seed = 1, onEncode } = options;

  const encodeAll = async (side: Side, texts: readonly string[], given: EncodeOptions = {}) => {
    if (!tasks.includes(given.task ?? "qa"))
      throw new RetrieveError("invalid_argument", `no task ${given.task}`);
    given.signal?.throwIfAborted();
    await onEncode?.(side, texts);
    given.signal?.throwIfAborted();
    given.onProgress?.({ done: texts.length, total: texts.length, unit: "texts" });
    return texts.map((text) => embed(text, dimensions, seed));
  };

  return {
    name,
    dimensions,
    tokenizer: wordTokenizer,
    maxTokens: { query: 256, document: 256 },
    tasks,
    fingerprint: (task) => `keyword-${dimensions}-${seed}-${task === "tool" ? "tool" : "text"}`,
    encodeQueries: (texts, given) => encodeAll("query", texts, given),
    encodeDocuments: (texts, given) => encodeAll("document", texts, given),
    async *encode(side, texts, given) {
      for await (const text of texts) yield* await encodeAll(side, [text], given);
    },
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

const words = /[\p{L}\p{N}]+/gu;

function embed(text: string, dimensions: number, seed: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const [word] of text.toLowerCase().matchAll(words)) {
    const axis = hash(word, seed) % dimensions;
    vector[axis] = (vector[axis] ?? 0) + 1;
  }
  const norm = Math.hypot(...vector);
  if (norm === 0) vector[0] = 1;
  return norm === 0 ? vector : vector.map((value) => value / norm);
}

/** FNV-1a. */
function hash(word: string, seed: number): number {
  let state = 2166136261 ^ seed;
  for (const character of word) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 16777619);
  return state >>> 0;
}

/** A token is a word. */
const wordTokenizer: Tokenizer = {
  encode: (text, maxTokens) => {
    const ids = [...text.toLowerCase().matchAll(words)].map(([word]) => hash(word, 0) & 0x7fffffff);
    return {
      ids: Int32Array.from(ids.slice(0, maxTokens)),
      unknownShare: 0,
      spelledShare: 0,
      truncated: ids.length > maxTokens,
    };
  },
  count: (text) => [...text.matchAll(words)].length,
  split: (text, maxTokens) => {
    const starts = [...text.matchAll(words)].map((match) => match.index);
    const cuts = starts.filter((_, index) => index > 0 && index % maxTokens === 0);
    const borders = [0, ...cuts, text.length];
    return borders.slice(1).map((end, index) => ({ start: borders[index] ?? 0, end }));
  },
};
