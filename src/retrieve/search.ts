/** One question over one collection: candidates by each method, joined, thinned out, cut. */

import type { Encoder, TaskName } from "../encoder/index.ts";
import { RetrieveError } from "../std/index.ts";
import { type Filter, matches, type StoredRecord, type VectorStore } from "../store/index.ts";
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
  const ranked = (await rank(context, query, options, depth))
    .filter(({ score }) => score >= minScore)
    .slice(0, depth);
  const found = await fetchAll(context.store, ranked);
  const chosen = diversity > 0 ? thinOut(ranked, found, topK, diversity) : ranked;
  return chosen.flatMap(({ id, score }) => {
    const record = found.get(id);
    return record === undefined ? [] : [{ ...documentOf(record), score }];
  });
}

/** A stored record as a document: our own keys taken out of the metadata. */
export function documentOf(record: Omit<StoredRecord, "vector">): Document {
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
): Promise<ScoredId[]> {
  const { method = "hybrid" } = options;
  switch (method) {
    case "dense":
      return rankDense(context, query, options, depth).then(({ hits }) => hits);
    case "bm25":
      return rankLexical(context, query, options.filter, depth).then(({ hits }) => hits);
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
): Promise<{ readonly hits: ScoredId[]; readonly vector: Float32Array }> {
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
  return { hits: hits.map(({ id, score }) => ({ id, score })), vector };
}

async function rankLexical(
  { catalogue }: SearchContext,
  query: Query,
  filter: Filter | undefined,
  depth: number,
): Promise<{ readonly hits: ScoredId[]; readonly scores: Bm25Scores }> {
  const { bm25, entries } = await catalogue();
  const scores = bm25.score(query.lexical ?? [{ text: query.text, weight: 1 }]);
  const accept = (id: string): boolean => {
    const entry = entries.get(id);
    return entry !== undefined && (filter === undefined || matches(filter, storedMetadata(entry)));
  };
  return { hits: scores.top(depth, accept), scores };
}

/** Both methods bring candidates, and each scores those of the other too. */
async function rankHybrid(
  context: SearchContext,
  query: Query,
  options: RetrieveOptions,
  depth: number,
): Promise<ScoredId[]> {
  const dense = await rankDense(context, query, options, depth);
  const lexical = await rankLexical(context, query, options.filter, depth);
  if (options.fusion === "ranks") return fuseRanks([dense.hits, lexical.hits]);
  const cosines = new Map(dense.hits.map(({ id, score }) => [id, score]));
  const others = await fetchAll(
    context.store,
    lexical.hits.filter(({ id }) => !cosines.has(id)),
  );
  for (const [id, { vector }] of others) cosines.set(id, dot(dense.vector, vector));
  const { tokenizer, maxTokens } = await context.encoder();
  const candidates = [...cosines].map(([id, cosine]) => ({
    id,
    cosine,
    share: lexical.scores.of(id) / (lexical.scores.ceiling || 1),
  }));
  return fuseScores(candidates, tokenizer.encode(query.text, maxTokens.query).unknownShare);
}

async function fetchAll(store: VectorStore, ranked: readonly ScoredId[]): Promise<Map<string, StoredRecord>> {
  const records = ranked.length === 0 ? [] : await store.get(ranked.map(({ id }) => id));
  return new Map(records.flatMap((record) => (record === undefined ? [] : [[record.id, record]])));
}

function thinOut(
  ranked: readonly ScoredId[],
  found: ReadonlyMap<string, StoredRecord>,
  topK: number,
  diversity: number,
): ScoredId[] {
  const candidates = ranked.flatMap(({ id, score }) => {
    const record = found.get(id);
    return record === undefined ? [] : [{ id, score, vector: record.vector }];
  });
  return diversify(candidates, topK, diversity);
}
