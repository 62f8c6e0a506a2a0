/**
 * The approximate index of a large table: vectors grouped into partitions around centroids (IVF), of which a search
 * looks into the nearest few. How few is measured on the table's own vectors when the index is built, because it
 * depends on how clustered they are. Within a partition distances are exact, so nothing is refined. Rows written since
 * are scanned until the index is refreshed.
 */

import { Index, type Table } from "@lancedb/lancedb";
import { createRandom } from "../../std/index.ts";
import { toVector } from "./arrow.ts";

/** What is kept with an index, as JSON in the metadata of the vector column. */
export interface Tuning {
  /** How many rows there were when it was built. */
  readonly rows: number;
  readonly partitions: number;
  /** Partitions that a search looks into. */
  readonly probes: number;
}

const TUNING_KEY = "retrieve.tuning";

/** Recall@10 aimed at on the sample: above the 0.95 promised, because the sample is small. */
const WANTED_RECALL = 0.97;
const SAMPLE = 64;
const NEIGHBOURS = 10;

/** The first number of probes tried, as a part of the partitions, and the factor from one to the next. */
const FIRST_PART = 1 / 16;
const STEP = 1.3;

/** Groups all rows anew and measures how many partitions a search needs. */
export async function buildIndex(table: Table): Promise<Tuning> {
  const rows = await table.countRows();
  const partitions = Math.max(1, Math.round(Math.sqrt(rows)));
  const config = Index.ivfFlat({ numPartitions: partitions, distanceType: "dot" });
  await table.createIndex("vector", { config, replace: true });
  const probes = await measureProbes(table, rows, partitions);
  const tuning: Tuning = { rows, partitions, probes };
  await table.updateFieldMetadata([{ path: "vector", metadata: { [TUNING_KEY]: JSON.stringify(tuning) } }]);
  return tuning;
}

/**
 * How many partitions a search looks into when a filter keeps this part of the rows: the nearest of fewer rows lie
 * farther away. The exponent keeps recall@10 above 0.95 down to 5 % in `bench/store.mjs`.
 */
export function probesFor(tuning: Tuning, part: number): number {
  return Math.min(tuning.partitions, Math.ceil(tuning.probes * part ** (-1 / 3)));
}

/** The tuning in the metadata of a vector column, or undefined where there is no usable index. */
export function parseTuning(metadata: ReadonlyMap<string, string> | undefined): Tuning | undefined {
  const text = metadata?.get(TUNING_KEY);
  if (text === undefined) return undefined;
  const { rows, partitions, probes } = JSON.parse(text);
  return Number.isInteger(rows) && Number.isInteger(partitions) && Number.isInteger(probes)
    ? { rows, partitions, probes }
    : undefined;
}

/** The smallest number of partitions tried that finds enough of the true neighbours of a sample. */
async function measureProbes(table: Table, rows: number, partitions: number): Promise<number> {
  const sample = await sampleVectors(table, rows);
  const truth = await Promise.all(sample.map((vector) => neighbours(table, vector, undefined)));
  for (
    let probes = Math.ceil(partitions * FIRST_PART);
    probes < partitions;
    probes = Math.ceil(probes * STEP)
  ) {
    const found = await Promise.all(sample.map((vector) => neighbours(table, vector, probes)));
    if (meanOverlap(truth, found) >= WANTED_RECALL) return probes;
  }
  return partitions;
}

async function sampleVectors(table: Table, rows: number): Promise<Float32Array[]> {
  const random = createRandom(rows);
  const offsets = new Set(Array.from({ length: SAMPLE }, () => Math.floor(random() * rows)));
  const vectors: Float32Array[] = [];
  for await (const batch of table.takeOffsets([...offsets]).select(["vector"])) {
    const column = batch.getChild("vector");
    for (let row = 0; row < batch.numRows; row++) vectors.push(toVector(column?.get(row)));
  }
  return vectors;
}

/** The ids nearest to a vector of the table, without itself, which every search finds. */
async function neighbours(table: Table, vector: Float32Array, probes: number | undefined): Promise<string[]> {
  const nearest = table
    .query()
    .nearestTo(vector)
    .distanceType("dot")
    .limit(NEIGHBOURS + 1);
  const query = probes === undefined ? nearest.bypassVectorIndex() : nearest.nprobes(probes);
  const ids: string[] = [];
  for await (const batch of query.select(["id", "_distance"])) {
    const column = batch.getChild("id");
    for (let row = 0; row < batch.numRows; row++) ids.push(String(column?.get(row)));
  }
  return ids.slice(1);
}

function meanOverlap(truth: readonly (readonly string[])[], found: readonly (readonly string[])[]): number {
  let [shared, all] = [0, 0];
  truth.forEach((wanted, query) => {
    const got = new Set(found[query]);
    shared += wanted.filter((id) => got.has(id)).length;
    all += wanted.length;
  });
  return all === 0 ? 1 : shared / all;
}
