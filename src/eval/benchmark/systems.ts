/** Records found for the items of a benchmark, by each method: what serves users and the baselines beside it. */

import { createHash } from "node:crypto";
import type { Encoder, TaskName } from "../../encoder/index.ts";
import type { Bm25Options, Collection, Query, SearchMethod } from "../../retrieve/index.ts";
import { createRandom, type OnProgress, RetrieveError, shuffle } from "../../std/index.ts";
import type { Filter } from "../../store/index.ts";
import { openCorpus } from "../corpus.ts";
import type { Scored } from "../metrics.ts";
import { strictlyFalling } from "../trec.ts";
import type { Item, PoolRecord } from "./benchmark.ts";
import type { SystemMethod } from "./receipt.ts";

export interface RankOptions {
  readonly records: readonly PoolRecord[];
  readonly items: readonly Item[];
  readonly methods: readonly SystemMethod[];
  readonly encoder: Encoder;
  readonly task: TaskName;
  readonly depth: number;
  /** Of the records in the order of time, recency takes every so many. */
  readonly recencyStep?: number | undefined;
  readonly seed: number;
  readonly cacheFolder?: string | undefined;
  readonly bm25?: Bm25Options | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Rankings of one method, in the order of the items; scores fall strictly. */
export type Rankings = readonly (readonly Scored[])[];

const searched = new Set<string>(["dense", "bm25", "hybrid"] satisfies SearchMethod[]);

function isSearch(method: SystemMethod): method is SearchMethod {
  return searched.has(method);
}

/**
 * Rankings of every method but `oracle`, which needs to know what helps; the corpus is encoded once.
 *
 * Throws `invalid_argument` for `recency` where records have no order.
 */
export async function rankItems(options: RankOptions): Promise<ReadonlyMap<SystemMethod, Rankings>> {
  const { methods } = options;
  const rankings = new Map<SystemMethod, Rankings>();
  const searches = methods.filter(isSearch);
  if (searches.length > 0) {
    for (const [method, ranking] of await search(options, searches)) rankings.set(method, ranking);
  }
  const pools = byPool(options.records);
  for (const method of methods) {
    if (method === "none")
      rankings.set(
        method,
        options.items.map(() => []),
      );
    if (method === "random") rankings.set(method, atRandom(options, pools));
    if (method === "recency")
      rankings.set(
        method,
        options.items.map((item) => newest(item, pools, options)),
      );
  }
  return rankings;
}

/** Records by pool; those without one are in the pool of all, under `undefined`. */
export function byPool(
  records: readonly PoolRecord[],
): ReadonlyMap<string | undefined, readonly PoolRecord[]> {
  const pools = new Map<string | undefined, PoolRecord[]>();
  for (const record of records) {
    const pool = pools.get(record.pool);
    if (pool === undefined) pools.set(record.pool, [record]);
    else pool.push(record);
  }
  return pools;
}

async function search(
  options: RankOptions,
  methods: readonly SearchMethod[],
): Promise<Map<SearchMethod, Rankings>> {
  const { records, items, encoder, task, cacheFolder, bm25, onProgress, signal } = options;
  const forms = methods.map((method) => items.map((item) => item.search?.(method) ?? { text: item.query }));
  await using collection = await openCorpus({
    documents: records.map(({ id, text, pool }) => ({
      id,
      text,
      metadata: pool === undefined ? {} : { pool },
    })),
    queries: methods.flatMap((method, at) =>
      method === "bm25" ? [] : (forms[at] ?? []).map(({ text }) => text),
    ),
    ...{ encoder, task, methods, cacheFolder, bm25 },
    encoding: { ...(onProgress && { onProgress }), ...(signal && { signal }) },
  });
  const found = new Map<SearchMethod, Rankings>();
  for (const [at, method] of methods.entries()) {
    found.set(method, await searchAll(collection, forms[at] ?? [], method, options));
  }
  return found;
}

/** The store answers these with shared passes over its vectors. */
const askedAtOnce = 16;

async function searchAll(
  collection: Collection,
  queries: readonly Query[],
  method: SearchMethod,
  { items, depth: topK, onProgress, signal }: RankOptions,
): Promise<Rankings> {
  const rankings: Scored[][] = [];
  for (let from = 0; from < items.length; from += askedAtOnce) {
    const some = queries.slice(from, from + askedAtOnce);
    const hits = await Promise.all(
      some.map((query, at) =>
        collection.search(query, {
          method,
          topK,
          ...poolFilter(items[from + at]?.pool),
          ...(signal && { signal }),
        }),
      ),
    );
    rankings.push(...hits.map(strictlyFalling));
    onProgress?.({ done: rankings.length, total: items.length, unit: `${method} queries` });
  }
  return rankings;
}

function poolFilter(value: string | undefined): { readonly filter?: Filter } {
  return value === undefined ? {} : { filter: { field: "pool", op: "=", value } };
}

type Pools = ReturnType<typeof byPool>;

function atRandom({ items, depth, seed }: RankOptions, pools: Pools): Rankings {
  return items.map((item) => {
    const pool = pools.get(item.pool) ?? [];
    const random = createRandom(seed + numberOf(item.id));
    const few = Math.min(depth, pool.length);
    const drawn = pool.length <= depth * 4 ? shuffle(pool, random).slice(0, few) : draw(pool, few, random);
    return ranked(drawn);
  });
}

/** A number of the id, so that an item draws the same whichever others are asked with it. */
function numberOf(id: string): number {
  return createHash("sha256").update(id).digest().readUInt32LE(0);
}

/** Distinct records of a pool that is much larger than what is drawn. */
function draw(pool: readonly PoolRecord[], count: number, random: () => number): PoolRecord[] {
  const drawn = new Set<PoolRecord>();
  while (drawn.size < count) {
    const one = pool[Math.floor(random() * pool.length)];
    if (one !== undefined) drawn.add(one);
  }
  return [...drawn];
}

function newest(item: Item, pools: Pools, { depth, recencyStep = 1 }: RankOptions): Scored[] {
  const pool = pools.get(item.pool) ?? [];
  if (pool.some(({ place }) => place === undefined)) {
    throw new RetrieveError(
      "invalid_argument",
      "method recency: the records of this benchmark have no order in time; wanted none, random, bm25, dense, hybrid or oracle",
    );
  }
  const fromNewest = pool.toSorted((left, right) => (right.place ?? 0) - (left.place ?? 0));
  return ranked(fromNewest.filter((_, at) => at % recencyStep === 0).slice(0, depth));
}

function ranked(records: readonly PoolRecord[]): Scored[] {
  return records.map(({ id }, place) => ({ id, score: records.length - place }));
}
