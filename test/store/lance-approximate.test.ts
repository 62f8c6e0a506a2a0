/** Above 50,000 records: the index that a store builds by itself, against the exact store. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRandom, normal } from "#src/std/index.js";
import {
  openExactStore,
  openLanceStore,
  parseFilter,
  type SearchOptions,
  type StoredRecord,
  type VectorStore,
} from "#src/store/index.js";

const DIMENSIONS = 16;
const RECORDS = 52_000;
const CENTRES = 200;
const random = createRandom(7);

function unitVector(centre?: Float32Array): Float32Array {
  const vector = Float32Array.from(
    { length: DIMENSIONS },
    (_, at) => (centre?.[at] ?? 0) + 0.2 * normal(random),
  );
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

const centres = Array.from({ length: CENTRES }, () => unitVector());
const clustered = (): Float32Array => unitVector(centres[Math.floor(random() * CENTRES)]);
const recordOf = (id: string, n: number): StoredRecord => {
  return {
    id,
    vector: clustered(),
    text: "",
    metadata: { hundredth: n % 100, tenth: n % 10 },
    payload: null,
  };
};

const folder = mkdtempSync(join(tmpdir(), "retrieve-approximate-"));
const notices: string[] = [];
const open = (): Promise<VectorStore> =>
  openLanceStore(folder, "s", { dimensions: DIMENSIONS, onNotice: (text) => notices.push(text) });
const exact = openExactStore({ dimensions: DIMENSIONS });
let store: VectorStore;

const idsOf = async (from: VectorStore, vector: Float32Array, options: SearchOptions): Promise<string[]> =>
  (await from.search(vector, options)).map(({ id }) => id);

async function recall(options: SearchOptions): Promise<number> {
  let shared = 0;
  for (let query = 0; query < 100; query++) {
    const vector = clustered();
    const truth = new Set(await idsOf(exact, vector, options));
    shared += (await idsOf(store, vector, options)).filter((id) => truth.has(id)).length / truth.size;
  }
  return shared / 100;
}

beforeAll(async () => {
  const records = Array.from({ length: RECORDS }, (_, n) => recordOf(`r${n}`, n));
  await exact.upsert(records);
  store = await open();
  await store.upsert(records);
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a store of more than 50,000 records", () => {
  it("builds an index by itself and tells so once", async () => {
    expect(notices).toEqual([
      expect.stringMatching(/52,000 records, more than 50,000: building an approximate/),
    ]);
    expect(await store.optimise()).toEqual({ records: RECORDS, index: "approximate" });
    expect(notices.length).toBe(1);
  });

  it("finds 95 of 100 neighbours, filtered or not, and does not look everywhere for them", async () => {
    expect(await recall({ topK: 10 })).toBeGreaterThan(0.95);
    expect(await recall({ topK: 10, filter: parseFilter("tenth = 3") })).toBeGreaterThan(0.95);
    const vector = clustered();
    const far = { topK: RECORDS };
    expect((await store.search(vector, far)).length).toBeLessThan(RECORDS);
    expect((await store.search(vector, { ...far, exact: true })).length).toBe(RECORDS);
  });

  it("answers exactly when asked to, and when a filter keeps under 5 %", async () => {
    const filter = parseFilter("hundredth = 3");
    for (let query = 0; query < 20; query++) {
      const vector = clustered();
      for (const options of [
        { topK: 100, filter },
        { topK: 100, exact: true },
      ]) {
        expect(await idsOf(store, vector, options)).toEqual(await idsOf(exact, vector, options));
      }
    }
  });

  it("finds what was written and misses what was deleted since the index was built, also after reopening", async () => {
    const fresh = Array.from({ length: 50 }, (_, n) => recordOf(`new${n}`, n));
    await store.upsert(fresh);
    await store.delete(["r0", "r1"]);
    await store.close();
    store = await open();
    for (const { id, vector } of fresh) expect(await idsOf(store, vector, { topK: 1 })).toEqual([id]);
    const [gone] = await exact.get(["r0"]);
    expect(await idsOf(store, gone!.vector, { topK: 5 })).not.toContain("r0");
    expect(await store.optimise()).toEqual({ records: RECORDS + 48, index: "approximate" });
    for (const { id, vector } of fresh) expect(await idsOf(store, vector, { topK: 1 })).toEqual([id]);
    expect(notices.length).toBe(1);
  });

  it("scans again when few records are left", async () => {
    await store.upsert([], { replacing: parseFilter("tenth != 1") });
    expect(await store.optimise()).toMatchObject({ index: "exact" });
    expect((await store.search(clustered(), { topK: 10_000 })).length).toBe(await store.count());
  });
});
