/**
 * How fast the stores answer, and how near the approximate index comes to the exact answer, on vectors of real
 * sentences: `npm run build && node bench/store.mjs [RECORDS]`.
 *
 * RECORDS sentences are stored (default 100,000), 500 others are the queries. The first run encodes them (minutes) and
 * keeps the vectors for the next. Latencies are of single calls, one after the other, in one process.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { openExactStore, openLanceStore, parseFilter } from "#src/store/index.js";
import { realVectors } from "./real-vectors.mjs";

const QUERIES = 500;
const SMALL = 10_000;
const TOP = { topK: 10 };
const large = Number(process.argv[2] ?? 100_000);

const { texts, vectors } = await realVectors(large + QUERIES);
const dimensions = vectors[0].length;
const queries = vectors.slice(large);
const folder = mkdtempSync(join(tmpdir(), "retrieve-bench-store-"));
console.log(`node ${process.version}, ${cpus().length} x ${cpus()[0].model}, ${dimensions} dimensions`);
try {
  await benchSmall();
  await benchLarge();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function benchSmall() {
  console.log(`\n${SMALL} records`);
  const records = recordsOf(0, SMALL);
  const exact = openExactStore({ dimensions });
  await exact.upsert(records);
  const store = await openLanceStore(folder, "small", { dimensions });
  await timed("LanceDB: upsert in batches of 1000", () => fill(store, records, 1000));
  report("exact store: search", await latencies(exact, TOP));
  report("LanceDB: first search of a process", await firstSearches("small"));
  report("LanceDB: search", await latencies(store, TOP));
  report(
    "LanceDB: search, filter keeps 10 %",
    await latencies(store, { ...TOP, filter: parseFilter("decile = 3") }),
  );
  const single = [];
  for (const record of recordsOf(0, 100)) single.push(await millis(() => store.upsert([record])));
  report("LanceDB: upsert of one record", single);
  report("LanceDB: search after an upsert", await latencies(store, TOP, (n) => store.upsert([records[n]])));
  await store.close();
}

async function benchLarge() {
  console.log(`\n${large} records`);
  const records = recordsOf(0, large);
  const exact = openExactStore({ dimensions });
  await exact.upsert(records);
  const store = await openLanceStore(folder, "large", { dimensions, onNotice: console.log });
  await timed("LanceDB: upsert in batches of 10,000, index included", () => fill(store, records, 10_000));
  await timed("LanceDB: optimise", async () => console.log(await store.optimise()));
  const filters = [undefined, "percent = 3", "percent < 6", "decile = 3", "decile >= 5"];
  for (const text of filters) {
    const search = text === undefined ? TOP : { ...TOP, filter: parseFilter(text) };
    report(
      `LanceDB: search ${text ?? ""}`,
      await latencies(store, search),
      await recall(store, exact, search),
    );
  }
  report("LanceDB: exact search", await latencies(store, { ...TOP, exact: true }));
  const fresh = queries.slice(0, 200).map((vector, n) => recordOf(large + n, vector));
  await store.upsert(fresh);
  await exact.upsert(fresh);
  report(
    "LanceDB: search beside 200 new records",
    await latencies(store, TOP),
    await recall(store, exact, TOP),
  );
  await store.close();
}

function recordsOf(start, end) {
  return vectors.slice(start, end).map((vector, n) => recordOf(start + n, vector));
}

function recordOf(n, vector) {
  return {
    id: `s${n}`,
    vector,
    text: texts[n],
    metadata: { decile: n % 10, percent: n % 100 },
    payload: { n },
  };
}

async function fill(store, records, size) {
  for (let start = 0; start < records.length; start += size) {
    await store.upsert(records.slice(start, start + size));
  }
}

async function firstSearches(name) {
  const times = [];
  for (const query of queries.slice(0, 50)) {
    const store = await openLanceStore(folder, name, { dimensions, readOnly: true });
    times.push(await millis(() => store.search(query, TOP)));
    await store.close();
  }
  return times;
}

async function latencies(store, search, before = async () => undefined) {
  const times = [];
  for (const [n, query] of queries.slice(0, 200).entries()) {
    await before(n);
    times.push(await millis(() => store.search(query, search)));
  }
  return times;
}

/** The part of the true ten nearest that a search returns, over all queries. */
async function recall(store, exact, search) {
  let [shared, all] = [0, 0];
  for (const query of queries) {
    const truth = new Set((await exact.search(query, search)).map(({ id }) => id));
    shared += (await store.search(query, search)).filter(({ id }) => truth.has(id)).length;
    all += truth.size;
  }
  return shared / all;
}

async function millis(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function timed(name, work) {
  console.log(`${name.padEnd(60)} ${((await millis(work)) / 1000).toFixed(1)} s`);
}

function report(name, times, recallAt10) {
  const sorted = times.toSorted((left, right) => left - right);
  const at = (part) => sorted[Math.floor(part * sorted.length)].toFixed(1).padStart(6);
  const found = recallAt10 === undefined ? "" : `  recall@10 ${recallAt10.toFixed(4)}`;
  console.log(`${name.padEnd(60)} p50 ${at(0.5)} ms  p95 ${at(0.95)} ms${found}`);
}
