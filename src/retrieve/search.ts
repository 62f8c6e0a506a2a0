/** One question over one collection: candidates by each method, joined, thinned out, cut. */

import type { Encoder, TaskName } from "../encoder/index.ts";
import { RetrieveError } from "../std/index.ts";
import {
  type Filter,
  type FoundRecord,
  matches,
  type StoredRecord,
  type VectorStore,
} from "../store/index.ts";
import type { Bm25Scores, ScoredId } from "./bm25.ts";
import { type Catalogue, entryOf, storedMetadata } from "./catalogue.ts";
import type { Document, Query, Retrieved, RetrieveOptions } from "./collection.ts";
import { diversify, dot } from "./diversity.ts";
import { fuseRanks, fuseScores } from "./fusion.ts";

export interface SearchContext {
  readonly store: VectorStore;
  readonly encoder: () => Promise<Encoder>;
  readonly task: TaskName;
  /** As of the store's present version. */
  readonly catalogue: () => Promise<Catalogue>;
}

/** How many each method brings to a hybrid or diverse search, at least. */
const minDepth = 100;

/** Ids best first, and the records that were read on the way, so that none is read twice. */
interface Ranking {
  readonly hits: readonly ScoredId[];
  readonly records: ReadonlyMap<string, FoundRecord>;
}

/** The best documents for a query. */
export async function searchCollection(
  context: SearchContext,
  query: Query,
  options: RetrieveOptions,
): Promise<Retrieved[]> {
  const { topK = 10, diversity = 0, minScore = Number.NEGATIVE_INFINITY, signal } = options;
  checkOptions(topK, diversity);
  signal?.throwIfAborted();
  const depth = diversity > 0 ? Math.max(minDepth, 5 * topK) : topK;
  const { hits, records } = await rank(context, query, options, depth);
  const near = hits.filter(({ score }) => score >= minScore).slice(0, depth);
  const chosen = diversity > 0 ? await thinOut(context.store, near, topK, diversity) : near;
  const missing = chosen.filter(({ id }) => !records.has(id));
  const fetched = await fetchAll(context.store, missing);
  return chosen.flatMap(({ id, score }) => {
    const record = records.get(id) ?? fetched.get(id);
    return record === undefined ? [] : [{ ...documentOf(record), score }];
  });
}

/** A stored record as a document: our own keys taken out of the metadata. */
export function documentOf(record: FoundRecord): Document {
  const { value, source } = record.payload as { value: Document["value"]; source: string };
  return { id: record.id, text: record.text, value, source, metadata: entryOf(record).metadata };
}

function checkOptions(topK: number, diversity: number): void {
  if (!Number.isInteger(topK) || topK < 1) {
    throw new RetrieveError("invalid_argument", `topK: got ${topK}, wanted a whole number from 1`);
  }
  if (!(diversity >= 0 && diversity <= 1)) {
    throw new RetrieveError("invalid_argument", `diversity: got ${diversity}, wanted a number from 0 to 1`);
  }
}

function rank(
  context: SearchContext,
  query: Query,
  options: RetrieveOptions,
  depth: number,
): Promise<Ranking> {
  const { method = "hybrid" } = options;
  switch (method) {
    case "dense":
      return rankDense(context, query, options, depth);
    case "bm25":
      return rankLexical(context, query, options.filter, depth);
    case "hybrid":
      return rankHybrid(context, query, options, Math.max(minDepth, depth));
    default:
      throw new RetrieveError("invalid_argument", `method: got ${method}, wanted dense, bm25 or hybrid`);
  }
}

async function rankDense(
  { store, encoder, task }: SearchContext,
  query: Query,
  options: RetrieveOptions,
  depth: number,
): Promise<Ranking & { readonly vector: Float32Array }> {
  const { filter, signal } = options;
  const abort = signal === undefined ? {} : { signal };
  const [vector] = await (await encoder()).encodeQueries([query.text], {
    task: options.task ?? task,
    ...abort,
  });
  if (vector === undefined) throw new RetrieveError("internal", "the encoder gave no vector for the query");
  const hits = await store.search(vector, {
    topK: depth,
    ...(filter === undefined ? {} : { filter }),
    ...abort,
  });
  return { hits, records: new Map(hits.map(({ id, record }) => [id, record])), vector };
}

async function rankLexical(
  { catalogue }: SearchContext,
  query: Query,
  filter: Filter | undefined,
  depth: number,
): Promise<Ranking & { readonly scores: Bm25Scores }> {
  const { bm25, entries } = await catalogue();
  const scores = bm25.score(query.lexical ?? [{ text: query.text, weight: 1 }]);
  const accept = (id: string): boolean => {
    const entry = entries.get(id);
    return entry !== undefined && (filter === undefined || matches(filter, storedMetadata(entry)));
  };
  return { hits: scores.top(depth, filter === undefined ? undefined : accept), records: new Map(), scores };
}

/** Both methods bring candidates, and each scores those of the other too. */
async function rankHybrid(
  context: SearchContext,
  query: Query,
  options: RetrieveOptions,
  depth: number,
): Promise<Ranking> {
  const dense = await rankDense(context, query, options, depth);
  const lexical = await rankLexical(context, query, options.filter, depth);
  if (options.fusion === "ranks") {
    return { hits: fuseRanks([dense.hits, lexical.hits]), records: dense.records };
  }
  const missing = lexical.hits.filter(({ id }) => !dense.records.has(id));
  const fetched = await fetchAll(context.store, missing);
  const cosines = [
    ...dense.hits.map(({ id, score }) => ({ id, cosine: score })),
    ...[...fetched].map(([id, { vector }]) => ({ id, cosine: dot(dense.vector, vector) })),
  ];
  const { of, ceiling } = lexical.scores;
  const candidates = cosines.map(({ id, cosine }) => ({ id, cosine, share: of(id) / (ceiling || 1) }));
  const { tokenizer, maxTokens } = await context.encoder();
  const { unknownShare } = tokenizer.encode(query.text, maxTokens.query);
  return { hits: fuseScores(candidates, unknownShare), records: new Map([...dense.records, ...fetched]) };
}

async function fetchAll(store: VectorStore, hits: readonly ScoredId[]): Promise<Map<string, StoredRecord>> {
  const records = hits.length === 0 ? [] : await store.get(hits.map(({ id }) => id));
  return new Map(records.flatMap((record) => (record === undefined ? [] : [[record.id, record]])));
}

async function thinOut(
  store: VectorStore,
  hits: readonly ScoredId[],
  topK: number,
  diversity: number,
): Promise<ScoredId[]> {
  const records = await fetchAll(store, hits);
  const candidates = hits.flatMap(({ id, score }) => {
    const vector = records.get(id)?.vector;
    return vector === undefined ? [] : [{ id, score, vector }];
  });
  return diversify(candidates, topK, diversity);
}
