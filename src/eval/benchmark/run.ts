/** A benchmark run: rankings of each system, what a language model makes of them, receipts. */

import { type PlacedRow, rowBatches } from "../../dataset/index.ts";
import type { Encoder, TaskName } from "../../encoder/index.ts";
import { analyseStemmed, type Bm25Options } from "../../retrieve/index.ts";
import { mapConcurrently, type OnProgress, RetrieveError } from "../../std/index.ts";
import { findContamination, type Overlap } from "../contamination.ts";
import { evaluateRun, type Scored } from "../metrics.ts";
import { rounded } from "../retrieval.ts";
import type {
  Benchmark,
  Item,
  Measured,
  OpenBenchmark,
  OpenOptions,
  PoolRecord,
  Summary,
} from "./benchmark.ts";
import { markData, stamp } from "./mark.ts";
import { meansOf } from "./means.ts";
import { bestRecord, goldRanking } from "./oracle.ts";
import type { DataMark, QueryResult, Receipt, SystemMark, SystemMethod } from "./receipt.ts";
import { byPool, type Rankings, rankItems } from "./systems.ts";

export interface RunBenchmarkOptions extends Omit<OpenOptions, "seed"> {
  readonly benchmark: Benchmark;
  readonly folder: string;
  /** The instruction pair of both sides; default the benchmark's. */
  readonly task?: TaskName;
  /** Default the benchmark's own. */
  readonly methods?: readonly SystemMethod[];
  readonly encoder: Encoder;
  /** Default 0. */
  readonly seed?: number;
  /** How encoder and language model were named, for the receipt. */
  readonly named?: { readonly model?: string; readonly llm?: string };
  /** BM25's parameters; default those of search, which are Anserini's. */
  readonly bm25?: Bm25Settings;
  /** Rows that a model was trained on: the receipt tells how much of the benchmark stands in them. */
  readonly trainedOn?: readonly string[];
  /** Of the queries only these are measured. */
  readonly only?: ReadonlySet<string>;
  /** Where document vectors are kept between runs. Default: nowhere. */
  readonly cacheFolder?: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

export interface Bm25Settings {
  /** Default 0.9. */
  readonly k1?: number;
  /** Default 0.4. */
  readonly b?: number;
  /** Stems English words and leaves stop words out, as Anserini does by default. Default false. */
  readonly stem?: boolean;
}

function bm25Options({ k1, b, stem }: Bm25Settings = {}): Bm25Options {
  return {
    ...(k1 !== undefined && { k1 }),
    ...(b !== undefined && { b }),
    ...(stem && { terms: analyseStemmed }),
  };
}

export interface BenchmarkRun {
  readonly receipt: Receipt;
  readonly results: readonly QueryResult[];
}

/**
 * Runs each method on the benchmark, with the language model where one is given. What the model was asked is kept by it:
 * a run that was interrupted asks nothing twice, and what another encoder found in the same order costs nothing.
 *
 * Throws `invalid_argument` for a benchmark that wants a language model and has none, and what reading and the model throw.
 */
export async function runBenchmark(options: RunBenchmarkOptions): Promise<BenchmarkRun[]> {
  return (await measureBenchmark(options)).runs;
}

/** The runs, and how this benchmark makes means of results. */
export async function measureBenchmark(options: RunBenchmarkOptions): Promise<{
  readonly runs: BenchmarkRun[];
  readonly summarise: (results: readonly QueryResult[]) => Summary;
}> {
  const { benchmark, folder, encoder, task = benchmark.task, seed = 0 } = options;
  const { cacheFolder, onProgress, signal, methods = benchmark.methods } = options;
  const started = performance.now();
  const { whole, opened } = await openData(options);
  const rankings = await rankItems({
    ...{ records: opened.records, items: opened.items, depth: opened.depth, task },
    ...{ methods, encoder, seed, cacheFolder, onProgress, signal },
    bm25: bm25Options(options.bm25),
    recencyStep: opened.recencyStep,
  });
  const data = markData(folder, whole);
  const contamination = await contaminationOf(options, whole);
  const shared = performance.now() - started;
  const runs: BenchmarkRun[] = [];
  for (const method of methods) {
    const begun = performance.now();
    const work = { ...options, opened, method, pools: byPool(opened.records), byId: idsOf(opened.records) };
    const measured = await measureAll(work, rankings.get(method) ?? (await oracle(work)));
    const seconds = Math.round(shared + performance.now() - begun) / 1000;
    const receipt = receiptOf(options, opened, { data, contamination, seconds, method, ...measured });
    runs.push({ receipt, results: measured.results });
  }
  return { runs, summarise: (results) => summariseWith(opened, results) };
}

/** The benchmark as it is, and with those queries alone that are to be measured. */
async function openData(
  options: RunBenchmarkOptions,
): Promise<{ readonly whole: OpenBenchmark; readonly opened: OpenBenchmark }> {
  const { benchmark, folder, model, only, seed = 0 } = options;
  if (benchmark.needsModel && model === undefined) {
    throw new RetrieveError(
      "invalid_argument",
      `benchmark ${benchmark.name}: wants a language model; name one with --llm llama:PATH.gguf or --llm openai:MODEL@URL`,
    );
  }
  const whole = await benchmark.open(folder, { ...options, seed });
  const items = only === undefined ? whole.items : whole.items.filter(({ id }) => only.has(id));
  if (items.length === 0) {
    throw new RetrieveError(
      "invalid_data",
      `${folder}: no query is left to measure${reasons(whole.excluded)}`,
    );
  }
  return { whole, opened: { ...whole, items } };
}

async function contaminationOf(
  { trainedOn: rows = [], onNotice }: RunBenchmarkOptions,
  { items, records }: OpenBenchmark,
): Promise<Receipt["contamination"]> {
  if (rows.length === 0) return undefined;
  const gold = new Set(items.flatMap(({ gold = new Map<string, number>() }) => [...gold.keys()]));
  const found = await findContamination({
    queries: items.map(({ query }) => query),
    golds: records.filter(({ id }) => gold.has(id)).map(({ text }) => text),
    rows: batchesOf(rows),
  });
  for (const what of ["queries", "golds"] as const) {
    const { of, same, near, examples } = found[what];
    const first = examples[0] === undefined ? "" : `, such as "${examples[0].text}" (${examples[0].place})`;
    onNotice?.(`trained on: ${same} of ${of} ${what} stand in the rows, ${near} nearly${first}`);
  }
  const counts = ({ of, same, near }: Overlap): Omit<Overlap, "examples"> => ({ of, same, near });
  return { rows, queries: counts(found.queries), golds: counts(found.golds) };
}

async function* batchesOf(paths: readonly string[]): AsyncGenerator<readonly PlacedRow[]> {
  for (const path of paths) yield* rowBatches(path, rowsAtOnce, {});
}

const rowsAtOnce = 64;

interface MeasuredSystem extends Measurement {
  readonly data: DataMark;
  readonly contamination: Receipt["contamination"];
  readonly method: SystemMethod;
  readonly seconds: number;
}

function receiptOf(
  {
    benchmark,
    encoder,
    model,
    named,
    maxQueries,
    bm25,
    task = benchmark.task,
    seed = 0,
  }: RunBenchmarkOptions,
  opened: OpenBenchmark,
  { data, contamination, method, seconds, results, excluded }: MeasuredSystem,
): Receipt {
  const { headline, lowerIsBetter = false } = opened;
  const { metrics, groups } = summariseWith(opened, results);
  const grouped = Object.entries(groups ?? {}).map(([name, one]) => [name, rounded(one)] as const);
  return {
    format: 1,
    ...{ benchmark: benchmark.name, data, system: systemOf(method, encoder, task) },
    llm: opened.measure === undefined ? null : (model?.name ?? null),
    named: { model: named?.model ?? null, llm: named?.llm ?? null },
    metrics: rounded(metrics),
    ...(groups !== undefined && { groups: Object.fromEntries(grouped) }),
    ...{ headline, lowerIsBetter },
    ...{ queries: results.length, corpus: opened.records.length, excluded },
    ...(contamination !== undefined && { contamination }),
    config: { ...opened.config, ...bm25, task, ...(maxQueries !== undefined && { maxQueries }) },
    ...{ seed, ...stamp(), seconds },
  };
}

function reasons(excluded: Readonly<Record<string, number>>): string {
  const all = Object.entries(excluded).map(([reason, count]) => `${count} ${reason}`);
  return all.length === 0 ? "" : `; left out: ${all.join(", ")}`;
}

function systemOf(method: SystemMethod, encoder: Encoder, task: TaskName): SystemMark {
  const isEncoded = method === "dense" || method === "hybrid";
  return isEncoded
    ? { method, model: encoder.name, fingerprint: encoder.fingerprint(task) }
    : { method, model: null, fingerprint: null };
}

interface Work extends Pick<RunBenchmarkOptions, "model" | "onProgress" | "signal"> {
  readonly opened: OpenBenchmark;
  readonly method: SystemMethod;
  readonly pools: ReturnType<typeof byPool>;
  readonly byId: ReadonlyMap<string, PoolRecord>;
}

function idsOf(records: readonly PoolRecord[]): Map<string, PoolRecord> {
  const byId = new Map<string, PoolRecord>();
  for (const record of records) {
    if (byId.has(record.id)) {
      throw new RetrieveError("invalid_data", `record "${record.id}" comes twice; ids are unique`);
    }
    byId.set(record.id, record);
  }
  return byId;
}

interface Measurement {
  readonly results: QueryResult[];
  readonly excluded: Readonly<Record<string, number>>;
}

async function measureAll(
  work: Work,
  rankings: Rankings,
): Promise<{ readonly results: QueryResult[]; readonly excluded: Readonly<Record<string, number>> }> {
  const { opened, model, method, onProgress } = work;
  let done = 0;
  const measured = await mapConcurrently(opened.items, model?.parallel ?? 1, async (item, at) => {
    const ranking = rankings[at] ?? [];
    const asked = await ask(work, item, recordsOf(work, ranking));
    done++;
    if (model !== undefined) onProgress?.({ done, total: opened.items.length, unit: `${method} answers` });
    return "leftOut" in asked ? asked : resultOf(work, item, ranking, asked);
  });
  const excluded: Record<string, number> = { ...opened.excluded };
  const results: QueryResult[] = [];
  for (const one of measured) {
    if ("leftOut" in one) excluded[one.leftOut] = (excluded[one.leftOut] ?? 0) + 1;
    else results.push(one);
  }
  if (results.length === 0) {
    throw new RetrieveError("invalid_data", `no query could be measured${reasons(excluded)}`);
  }
  return { results, excluded };
}

function recordsOf({ byId }: Work, ranking: readonly Scored[]): PoolRecord[] {
  return ranking.flatMap(({ id }) => byId.get(id) ?? []);
}

async function ask(
  { opened, model, signal }: Work,
  item: Item,
  found: readonly PoolRecord[],
): Promise<Measured> {
  signal?.throwIfAborted();
  if (opened.measure === undefined || model === undefined) return { metrics: {} };
  return await opened.measure(item, found, model);
}

/** Characters of a record's text that a result keeps: enough to see what was found. */
const shownCharacters = 240;
/** Records that a result keeps. */
const shownRecords = 10;

function resultOf(
  { opened, byId }: Work,
  item: Item,
  ranking: readonly Scored[],
  { metrics, output }: Exclude<Measured, { readonly leftOut: string }>,
): QueryResult {
  const { id, query, group, gold, answers } = item;
  const shownGold =
    gold === undefined ? answers : [...gold].filter(([, gain]) => gain >= 1).map(([one]) => one);
  const found = ranking.flatMap((hit) => byId.get(hit.id) ?? []);
  return {
    ...{ id, query },
    ...(group !== undefined && { group }),
    metrics: {
      ...metrics,
      ...(gold !== undefined && opened.retrieval.length > 0 && rankingMetrics(item, ranking, gold, opened)),
      ...opened.measureRanking?.(item, found),
    },
    retrieved: ranking.slice(0, shownRecords).map((hit) => {
      const text = byId.get(hit.id)?.text ?? "";
      return { id: hit.id, score: hit.score, text: text.slice(0, shownCharacters) };
    }),
    ...(shownGold !== undefined && { gold: shownGold }),
    ...(output !== undefined && { output }),
  };
}

function rankingMetrics(
  { id }: Item,
  ranking: readonly Scored[],
  gold: ReadonlyMap<string, number>,
  { retrieval }: OpenBenchmark,
): Readonly<Record<string, number>> {
  return evaluateRun(new Map([[id, ranking]]), new Map([[id, gold]]), retrieval).mean;
}

async function oracle(work: Work): Promise<Rankings> {
  const { opened, model, pools, byId } = work;
  const canMeasure = opened.measure !== undefined && model !== undefined;
  const measure = canMeasure
    ? (item: Item, found: readonly PoolRecord[]) => ask(work, item, found)
    : undefined;
  return await mapConcurrently(opened.items, model?.parallel ?? 1, async (item) =>
    item.gold === undefined
      ? await bestRecord(item, pools.get(item.pool) ?? [], opened, measure)
      : goldRanking(item.gold, byId),
  );
}

function summariseWith({ summarise = meansOf }: OpenBenchmark, results: readonly QueryResult[]): Summary {
  return summarise(results);
}
