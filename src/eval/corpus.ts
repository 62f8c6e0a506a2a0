/** A corpus as a collection in memory, with everything that its queries need encoded in advance, in batches. */

import type { EncodeOptions, Encoder, TaskName } from "../encoder/index.ts";
import {
  type Bm25Options,
  type Collection,
  type Document,
  openCollection,
  type SearchMethod,
} from "../retrieve/index.ts";
import { openExactStore } from "../store/index.ts";
import { encodeOnce, withKnownVectors } from "./vectors.ts";

export interface CorpusOptions {
  /** Their ids are unique. */
  readonly documents: readonly Pick<Document, "id" | "text" | "metadata">[];
  /** Every text that will be searched for. */
  readonly queries: readonly string[];
  readonly encoder: Encoder;
  readonly task: TaskName;
  /** Nothing is encoded where BM25 is the only one. */
  readonly methods: readonly SearchMethod[];
  readonly cacheFolder?: string | undefined;
  readonly bm25?: Bm25Options | undefined;
  readonly encoding: EncodeOptions;
}

/** The collection over the exact store; closing it leaves the encoder open. */
export async function openCorpus(options: CorpusOptions): Promise<Collection> {
  const { documents, encoder, task } = options;
  const known = options.methods.some((method) => method !== "bm25")
    ? await encodeAll(options)
    : { document: placeholders(options), query: new Map<string, Float32Array>() };
  const collection = await openCollection({
    store: openExactStore({ dimensions: encoder.dimensions }),
    encoder: async () => withKnownVectors(encoder, known),
    task,
    ...(options.bm25 && { bm25: options.bm25 }),
  });
  const records = documents.map((document) => ({
    id: document.id,
    hash: document.id,
    origin: "",
    documents: [{ ...document, value: null, source: document.id }],
  }));
  const { signal } = options.encoding;
  await collection.put(records, signal === undefined ? {} : { signal });
  return collection;
}

interface KnownVectors {
  readonly query: ReadonlyMap<string, Float32Array>;
  readonly document: ReadonlyMap<string, Float32Array>;
}

async function encodeAll(options: CorpusOptions): Promise<KnownVectors> {
  const { encoder, task, cacheFolder } = options;
  const encoding = { ...options.encoding, task, cacheFolder };
  const texts = [...new Set(options.documents.map(({ text }) => text))];
  const queries = [...new Set(options.queries)];
  return {
    document: pairUp(texts, await encodeOnce(encoder, "document", texts, encoding)),
    query: pairUp(queries, await encodeOnce(encoder, "query", queries, encoding)),
  };
}

/** BM25 reads no vectors, but a store keeps none but real ones. */
function placeholders({ documents, encoder }: CorpusOptions): Map<string, Float32Array> {
  const axis = new Float32Array(encoder.dimensions);
  axis[0] = 1;
  return new Map(documents.map(({ text }) => [text, axis]));
}

function pairUp(texts: readonly string[], vectors: readonly Float32Array[]): Map<string, Float32Array> {
  return new Map(vectors.map((vector, index) => [texts[index] ?? "", vector]));
}
