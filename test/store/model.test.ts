/** Random operations on a store on disk and on the exact store must give the same answers, to the last bit. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import {
  type Filter,
  openExactStore,
  openLanceStore,
  type StoredRecord,
  type VectorStore,
} from "#src/store/index.js";
import { collect } from "./contract.ts";
import { anyKey, filters, scalar } from "./filters.ts";

const folder = mkdtempSync(join(tmpdir(), "retrieve-model-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DIMENSIONS = 4;
const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("k", "K", "a b") },
  { weight: 1, arbitrary: anyKey },
);
const value = fc.oneof({ weight: 4, arbitrary: fc.constantFrom("x", "'", 1, 2, true, false) }, scalar);
const filter = filters(key, value);
const id = fc.constantFrom("a", "b", "B", "c'", "d#0", "d#1", "\u{1F600}", "\uffff");

/** Coordinates of +-1/2: inner products are exact in every arithmetic, so both stores see the same ties. */
const vector = fc
  .tuple(...Array.from({ length: DIMENSIONS }, () => fc.constantFrom(-0.5, 0.5)))
  .map((numbers) => Float32Array.from(numbers));

const record: fc.Arbitrary<StoredRecord> = fc.record({
  id,
  vector,
  text: fc.string({ unit: "grapheme", maxLength: 10 }),
  metadata: fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true }),
  payload: fc.jsonValue({ maxDepth: 2 }).map((json) => JSON.parse(JSON.stringify(json))),
});

interface Real {
  store: VectorStore;
  readonly name: string;
}

type Step = fc.AsyncCommand<VectorStore, Real>;

function step(name: string, run: Step["run"]): Step {
  return { check: () => true, run, toString: () => name };
}

async function same<Result>(
  { store }: Real,
  model: VectorStore,
  ask: (store: VectorStore) => Promise<Result>,
): Promise<void> {
  expect(await ask(store)).toEqual(await ask(model));
}

const byId = (left: { id: string }, right: { id: string }): number => (left.id < right.id ? -1 : 1);
const show = (value: unknown): string => JSON.stringify(value);
const optionalFilter = fc.option(filter, { nil: undefined });

const commands = [
  fc
    .array(record, { maxLength: 5 })
    .map((records) =>
      step(`upsert ${show(records)}`, (model, real) => same(real, model, (s) => s.upsert(records))),
    ),
  fc
    .tuple(fc.array(record, { maxLength: 3 }), filter)
    .map(([records, replacing]) =>
      step(`upsert ${show(records)} replacing ${show(replacing)}`, (model, real) =>
        same(real, model, (s) => s.upsert(records, { replacing })),
      ),
    ),
  fc
    .array(id, { maxLength: 4 })
    .map((ids) => step(`delete ${ids}`, (model, real) => same(real, model, (s) => s.delete(ids)))),
  fc
    .array(id, { maxLength: 4 })
    .map((ids) => step(`get ${ids}`, (model, real) => same(real, model, (s) => s.get(ids)))),
  fc
    .tuple(vector, fc.integer({ min: 1, max: 5 }), optionalFilter)
    .map(([query, topK, where]) =>
      step(`search ${query} top ${topK} where ${show(where)}`, (model, real) =>
        same(real, model, (s) => s.search(query, { topK, ...(where && { filter: where }) })),
      ),
    ),
  optionalFilter.map((where) =>
    step(`count and iterate where ${show(where)}`, async (model, real) => {
      const options: { filter?: Filter } = where ? { filter: where } : {};
      await same(real, model, (s) => s.count(where));
      await same(real, model, async (s) => (await collect(s.iterate(options))).sort(byId));
      await same(real, model, async (s) => (await collect(s.iterateFound(options))).sort(byId));
    }),
  ),
  fc.constant(step("optimise", (model, real) => same(real, model, (s) => s.optimise()))),
  fc.constant(
    step("reopen", async (_model, real) => {
      await real.store.close();
      real.store = await openLanceStore(folder, real.name, { dimensions: DIMENSIONS });
    }),
  ),
];

it("a LanceDB store answers as the exact store does", async () => {
  let stores = 0;
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 30 }), async (steps) => {
      const name = `model${stores++}`;
      const real: Real = { name, store: await openLanceStore(folder, name, { dimensions: DIMENSIONS }) };
      const model = openExactStore({ dimensions: DIMENSIONS });
      try {
        await fc.asyncModelRun(() => ({ model, real }), steps);
      } finally {
        await real.store.close();
      }
    }),
    { numRuns: 40, endOnFailure: true },
  );
});
