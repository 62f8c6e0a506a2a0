/** Candidates for a query: the documents of a corpus, nearest first, by the methods that search has, or at random. */

import type { Encoder, TaskName } from "../../encoder/index.ts";
import { createBm25, openCollection, type SearchMethod, type SourceRecord } from "../../retrieve/index.ts";
import { type OnProgress, RetrieveError } from "../../std/index.ts";
import { openExactStore } from "../../store/index.ts";
import { drawPlaces } from "../draw.ts";

export type MiningMethod = SearchMethod | "random";

/** A document by its place in the corpus. */
export interface Candidate {
  readonly place: number;
  /** Higher is nearer; comparable within one query. Candidates at random have none. */
  readonly score?: number;
}

export interface Ranker {
  /** Told of queries before they are ranked, so that they are encoded in batches. */
  prepare(queries: readonly string[]): Promise<void>;
  /** The best `count` documents for the query of row `row`. */
  rank(query: string, row: number, count: number): Promise<Candidate[]>;
  /** The highest score of the documents in `places`, undefined where none has one. */
  score(query: string, places: readonly number[]): Promise<number | undefined>;
  close(): Promise<void>;
}

export interface RankerOptions {
  readonly method: MiningMethod;
  /** Needed by dense and hybrid. */
  readonly encoder: Encoder | undefined;
  readonly task: TaskName;
  readonly seed: number;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A ranker over `texts`; dense and hybrid encode them all here. Empty texts are never candidates. */
export async function createRanker(texts: readonly string[], options: RankerOptions): Promise<Ranker> {
  const { method, encoder, seed } = options;
  if (method === "random") return randomRanker(texts, seed);
  if (method === "bm25") return bm25Ranker(texts);
  if (encoder !== undefined) return await searchRanker(texts, { ...options, method, encoder });
  throw new RetrieveError(
    "invalid_argument",
    `mining by ${method} needs an encoder; give one, or mine by bm25`,
  );
}

const nothing = async (): Promise<undefined> => undefined;

function randomRanker(texts: readonly string[], seed: number): Ranker {
  return {
    prepare: nothing,
    rank: async (_query, row, count) => {
      const drawn: Candidate[] = [];
      for (const place of drawPlaces(texts.length, seed, row)) {
        if (drawn.length === count) break;
        if (texts[place]?.trim()) drawn.push({ place });
      }
      return drawn;
    },
    score: nothing,
    close: nothing,
  };
}

function bm25Ranker(texts: readonly string[]): Ranker {
  const bm25 = createBm25();
  texts.forEach((text, place) => {
    if (text.trim() !== "") bm25.add(`${place}`, text);
  });
  return {
    prepare: nothing,
    rank: async (text, _row, count) =>
      bm25
        .score([{ text, weight: 1 }])
        .top(count)
        .map(({ id, score }) => ({ place: Number(id), score })),
    score: async (text, places) => {
      const scores = bm25.score([{ text, weight: 1 }]);
      return places.length === 0 ? undefined : Math.max(...places.map((place) => scores.of(`${place}`)));
    },
    close: nothing,
  };
}

/** The collection that users search, over the exact store. */
async function searchRanker(
  texts: readonly string[],
  { method, encoder, task, signal, onProgress }: RankerOptions & { method: SearchMethod; encoder: Encoder },
): Promise<Ranker> {
  const abort = signal === undefined ? {} : { signal };
  let known = new Map<string, Float32Array>();
  const prepare = async (queries: readonly string[]): Promise<void> => {
    const vectors = await encoder.encodeQueries(queries, { task, ...abort });
    known = new Map(vectors.map((vector, index) => [queries[index] ?? "", vector]));
  };
  const vectorOf = (query: string): Float32Array => {
    const vector = known.get(query);
    if (vector !== undefined) return vector;
    throw new RetrieveError("internal", `a query was not prepared: "${query.slice(0, 60)}"`);
  };
  const prepared: Encoder = { ...encoder, encodeQueries: async (queries) => queries.map(vectorOf) };
  const collection = openCollection({
    store: openExactStore({ dimensions: encoder.dimensions }),
    encoder: async () => prepared,
    task,
  });
  await collection.put(recordsOf(texts), { ...abort, ...(onProgress && { onProgress }) });
  return {
    prepare,
    rank: async (query, _row, topK) => {
      const hits = await collection.search(query, { method, topK, ...abort });
      return hits.map(({ id, score }) => ({ place: Number(id), score }));
    },
    score: async (query, places) => {
      const filter = { field: "place", in: places };
      const [best] = await collection.search(query, { method, topK: 1, filter, ...abort });
      return best?.score;
    },
    close: collection.close,
  };
}

function* recordsOf(texts: readonly string[]): Generator<SourceRecord> {
  for (const [place, text] of texts.entries()) {
    if (text.trim() === "") continue;
    const document = { id: `${place}`, text, value: null, source: "", metadata: { place } };
    yield { id: document.id, hash: "", origin: "", documents: [document] };
  }
}
