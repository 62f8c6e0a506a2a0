/** What every store keeps. Each implementation's test file is one call of {@link testStore}. */

import { afterEach, describe, expect, it } from "vitest";
import {
  type Filter,
  type JsonValue,
  parseFilter,
  type Scalar,
  type StoredRecord,
  type VectorStore,
} from "#src/store/index.js";

/** A store under test, opened at the same place again by `reopen` where the place outlives it. */
export interface StoreUnderTest {
  open(dimensions: number): Promise<VectorStore>;
  /** Undefined where a closed store is gone. */
  readonly reopen?: (dimensions: number, options?: { readonly readOnly?: boolean }) => Promise<VectorStore>;
}

/** Unit vectors of quarters: their inner products are exact in every arithmetic, so ties are real ties. */
export function unit(...signs: number[]): Float32Array {
  return Float32Array.from(signs, (sign) => sign / 2);
}

export function record(
  id: string,
  vector: Float32Array,
  metadata: Record<string, Scalar> = {},
  payload: JsonValue = null,
): StoredRecord {
  return { id, vector, text: `text of ${id}`, metadata, payload };
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const X = unit(1, 1, 1, 1);
const Y = unit(1, 1, 1, -1); // X · Y = 0.5
const Z = unit(1, 1, -1, -1); // X · Z = 0

const ids = (records: readonly { readonly id: string }[]): string[] => records.map(({ id }) => id);
const sorted = (records: readonly { readonly id: string }[]): string[] => ids(records).sort();

export function testStore(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    const opened: VectorStore[] = [];
    const keep = (store: VectorStore): VectorStore => {
      opened.push(store);
      return store;
    };
    const open = async (dimensions = 4): Promise<VectorStore> =>
      keep(await (await create()).open(dimensions));
    const filled = async (...records: StoredRecord[]): Promise<VectorStore> => {
      const store = await open();
      await store.upsert(records);
      return store;
    };
    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close();
    });

    it("gives back what was stored, to the byte", async () => {
      const given = {
        id: "a/é#0",
        vector: Float32Array.of(0.1, -0.2, 0.30000001, 1e-20),
        text: "line\n\u0000 'quoted' \u{1F600}",
        metadata: { year: 1999, lang: "en", draft: false, "odd key.$`\"'": "x", ä: -0.5, big: 1e300 },
        payload: { nested: [1, "two", null, { three: true }], empty: {} },
      };
      const store = await filled(given);
      expect(await store.get(["missing", "a/é#0"])).toEqual([undefined, given]);
      const { vector, ...found } = given;
      expect(await store.search(vector, { topK: 1 })).toEqual([
        { id: given.id, score: expect.closeTo(0.14, 6), record: found },
      ]);
      expect(await collect(store.iterate())).toEqual([given]);
      expect(await collect(store.iterateFound())).toEqual([found]);
    });

    it("is empty at first", async () => {
      const store = await open();
      expect(await store.count()).toBe(0);
      expect(await store.search(X, { topK: 5 })).toEqual([]);
      expect(await store.get(["a"])).toEqual([undefined]);
      expect(await store.delete(["a"])).toBe(0);
      expect(await collect(store.iterate())).toEqual([]);
      expect(await store.optimise()).toEqual({ records: 0, index: "exact" });
    });

    it("replaces by id, and the last of two with one id wins", async () => {
      const store = await filled(
        record("a", X, { n: 1 }),
        record("b", Y),
        record("a", Z, { s: "x" }, "second"),
      );
      expect(await store.count()).toBe(2);
      expect(await store.get(["a"])).toEqual([record("a", Z, { s: "x" }, "second")]);
      await store.upsert([record("a", Y, {}, "third")]);
      expect(await store.get(["a", "b"])).toEqual([record("a", Y, {}, "third"), record("b", Y)]);
    });

    it("ranks by inner product, ties by id", async () => {
      const store = await filled(
        record("b", X),
        record("z", Z),
        record("a", X),
        record("y", Y),
        record("A", X),
      );
      for (let again = 0; again < 3; again++) {
        const hits = await store.search(X, { topK: 4 });
        expect(hits.map(({ id, score }) => [id, score])).toEqual([
          ["A", 1],
          ["a", 1],
          ["b", 1],
          ["y", 0.5],
        ]);
      }
    });

    it("answers searches that are asked at once as it answers each alone", async () => {
      const store = await filled(
        ...[X, Y, Z].map((vector, n) => record(`r${n}`, vector, { n })),
        record("twin", Y, { n: 9 }),
      );
      const asked = [X, Y, Z, X, Y, Z].map((vector, n) => ({
        vector,
        options: { topK: 1 + (n % 4), ...(n > 2 && { filter: parseFilter("n < 2") }) },
      }));
      for (let again = 0; again < 3; again++) {
        const together = await Promise.all(asked.map(({ vector, options }) => store.search(vector, options)));
        const alone = [];
        for (const { vector, options } of asked) alone.push(await store.search(vector, options));
        expect(together).toEqual(alone);
        expect(together.map(ids)).toEqual([
          ["r0"],
          ["r1", "twin"],
          ["r2", "r1", "twin"],
          ["r0", "r1"],
          ["r1"],
          ["r1", "r0"],
        ]);
      }
    });

    it("breaks a tie over the last place by id, however many share it", async () => {
      const many = Array.from({ length: 200 }, (_, n) => record(`t${String(999 - n)}`, Y));
      const store = await filled(...many, record("first", X));
      for (let again = 0; again < 3; again++) {
        expect(ids(await store.search(X, { topK: 3 }))).toEqual(["first", "t800", "t801"]);
      }
    });

    it("deletes by id and tells how many there were", async () => {
      const store = await filled(record("a", X), record("b", X), record("c'--", X));
      expect(await store.delete(["a", "a", "c'--", "never"])).toBe(2);
      expect(await store.delete([])).toBe(0);
      expect(sorted(await collect(store.iterate()))).toEqual(["b"]);
      expect(ids(await store.search(X, { topK: 9 }))).toEqual(["b"]);
    });

    it("replaces a group in one write: what the filter names and the call does not bring is gone", async () => {
      const of = (source: string) => ({ source });
      const store = await filled(
        record("a#0", X, of("a")),
        record("a#1", X, of("a")),
        record("a#2", X, of("a")),
        record("b#0", X, of("b")),
      );
      await store.upsert([record("a#0", Y, of("a")), record("a#7", Y, of("a"))], {
        replacing: { field: "source", op: "=", value: "a" },
      });
      expect(sorted(await collect(store.iterateFound()))).toEqual(["a#0", "a#7", "b#0"]);
      await store.upsert([], { replacing: { field: "source", op: "=", value: "a" } });
      expect(sorted(await collect(store.iterateFound()))).toEqual(["b#0"]);
      await store.upsert([record("c#0", X)], { replacing: { field: "unseen", op: "=", value: 1 } });
      expect(sorted(await collect(store.iterateFound()))).toEqual(["b#0", "c#0"]);
    });

    it.each<[string, string]>([
      ["year = 2020", "b"],
      ["year != 2020", "a c"],
      ["year < 2020", "a"],
      ["year <= 2020", "a b"],
      ["year > 2020", "c"],
      ["year >= 2020", "b c"],
      ["not year >= 2020", "a d e"],
      ["year = '2020'", ""],
      ["year != '2020'", "d"],
      ["year in (1999, 2020, 'two')", "a b d"],
      ["year not in (1999, 'two')", "b c e"],
      ["year in ()", ""],
      ["year is null", "e"],
      ["year is not null", "a b c d"],
      ["draft = true", "a"],
      ["draft = false", "b"],
      ["draft < true", "b"],
      ["not draft = true", "b c d e"],
      ["draft = 1", ""],
      ["year >= 2020 and (lang = 'en' or lang in ('de'))", "b c"],
      ["not (year >= 2020 and lang = 'en')", "a c d e"],
      ["lang > 'en'", "d e"],
      ["lang = 'o''brien'", "d"],
      ["\"odd key\" = '\u{1F600}'", "e"],
      ["lang < '\u{1F600}'", "a b c d"],
      ["lang >= '\uffff'", "e"],
      ["nothing = 1 or nothing is not null", ""],
      ["not nothing = 1", "a b c d e"],
      ["toString is null", "a b c d e"],
      ["true", "a b c d e"],
      ["false", ""],
    ])("filters: %s", async (text, expected) => {
      const store = await filled(
        record("a", X, { year: 1999, lang: "en", draft: true }),
        record("b", X, { year: 2020, lang: "en", draft: false }),
        record("c", X, { year: 2021.5, lang: "de" }),
        record("d", X, { year: "two", lang: "o'brien" }),
        record("e", X, { lang: "\u{1F600}", "odd key": "\u{1F600}" }),
      );
      const filter = parseFilter(text);
      const wanted = expected.split(" ").filter(Boolean);
      expect(await store.count(filter)).toBe(wanted.length);
      expect(sorted(await collect(store.iterate({ filter })))).toEqual(wanted);
      for (let again = 0; again < 3; again++) {
        expect(ids(await store.search(X, { topK: 9, filter }))).toEqual(wanted);
      }
    });

    it("takes filters of a thousand conditions, and ones nested as deep as is allowed", async () => {
      const store = await filled(record("a", X, { n: 999 }), record("b", X, { n: -1 }));
      const conditions: Filter[] = Array.from({ length: 1000 }, (_, value) => ({
        field: "n",
        op: "=",
        value,
      }));
      expect(await store.count({ or: conditions })).toBe(1);
      expect(await store.count({ not: { or: conditions } })).toBe(1);
      let nested: Filter = { field: "n", op: ">", value: 0 };
      for (let flips = 0; flips < 8; flips++) {
        nested = { not: { or: [nested, { field: "absent", exists: true }] } };
      }
      expect(await store.count(nested)).toBe(1);
      await expect(store.count({ not: nested })).rejects.toThrow(/nested deeper than 16/);
    });

    it("iterates over the records of the moment of the call", async () => {
      const store = await filled(...Array.from({ length: 50 }, (_, n) => record(`r${n}`, X)));
      const all = store.iterate();
      const seen: string[] = [];
      const written = store
        .delete(["r0", "r49"])
        .then(() => store.upsert([record("new", X), record("r1", Z)]));
      for await (const { id, vector } of all) {
        await written;
        if (id === "r1") expect(vector).toEqual(X);
        seen.push(id);
      }
      expect(seen.length).toBe(50);
      expect(new Set(seen).size).toBe(50);
      expect(seen).toContain("r49");
      expect(await store.count()).toBe(49);
    });

    it("holds what was given, whatever is tried with what goes in and comes out", async () => {
      const given = record("a", X.slice(), { n: 1 }, { list: [1] });
      const store = await filled(given);
      given.vector[0] = 9;
      const [hit] = await store.search(X, { topK: 1 });
      Reflect.set(hit!.record.metadata, "n", 2);
      Reflect.set(hit!.record.payload as object, "list", []);
      Reflect.set((hit!.record.payload as { list: number[] }).list, "0", 2);
      const [got] = await store.get(["a"]);
      got!.vector.fill(0);
      Reflect.set(got!.metadata, "n", 3);
      expect(await store.get(["a"])).toEqual([record("a", X, { n: 1 }, { list: [1] })]);
    });

    it("changes its version with every write, and with nothing else", async () => {
      const store = await open();
      const versions = [await store.version()];
      const noteAfter = async (work: Promise<unknown>) => {
        await work;
        versions.push(await store.version());
      };
      await noteAfter(store.upsert([record("a", X)]));
      await noteAfter(store.upsert([record("a", X, { n: 1 })]));
      await noteAfter(store.delete(["a"]));
      expect(new Set(versions).size).toBe(4);
      await store.search(X, { topK: 1 });
      await collect(store.iterate());
      expect(await store.version()).toBe(versions[3]);
    });

    it("keeps its order of writes when nobody waits between them", async () => {
      const store = await open();
      await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          store.upsert([record("a", X, { [`k${n % 3}`]: n }), record(`b${n}`, Y)]),
        ),
      );
      expect(await store.count()).toBe(9);
      expect((await store.get(["a"]))[0]?.metadata).toEqual({ k1: 7 });
    });

    it("refuses bad arguments and changes nothing", async () => {
      const store = await filled(record("a", X));
      const version = await store.version();
      const refused = (work: Promise<unknown>) =>
        expect(work).rejects.toMatchObject({ name: "RetrieveError", code: "invalid_argument" });
      await refused(store.upsert([record("b", X), record("c", Float32Array.of(1, 0, 0))]));
      await refused(store.upsert([record("b", Float32Array.of(1, Number.NaN, 0, 0))]));
      await refused(store.upsert([record("b", Float32Array.of(1, Number.POSITIVE_INFINITY, 0, 0))]));
      await refused(store.upsert([record("", X)]));
      await refused(store.upsert([record("b", X, { n: Number.NaN })]));
      await refused(store.upsert([record("b", X, { n: null as never })]));
      await refused(store.upsert([{ ...record("b", X), payload: undefined as never }]));
      await refused(
        store.upsert([record("b", X)], { replacing: { field: "n", op: "~" as never, value: 1 } }),
      );
      await refused(store.search(Float32Array.of(1, 0), { topK: 1 }));
      await refused(store.search(X, { topK: 0 }));
      await refused(store.search(X, { topK: 1.5 }));
      await refused(store.count({ field: "n", op: "=", value: Number.NaN }));
      expect(await store.version()).toBe(version);
      expect(sorted(await collect(store.iterate()))).toEqual(["a"]);
    });

    it("stops at an aborted signal", async () => {
      const store = await filled(record("a", X), record("b", X));
      const signal = AbortSignal.abort();
      await expect(store.search(X, { topK: 1, signal })).rejects.toMatchObject({ name: "AbortError" });
      await expect(collect(store.iterate({ signal }))).rejects.toMatchObject({ name: "AbortError" });
    });

    it("says that it is closed", async () => {
      const store = await filled(record("a", X));
      await store.close();
      await store.close();
      await expect(store.count()).rejects.toMatchObject({ code: "invalid_argument" });
      await expect(store.search(X, { topK: 1 })).rejects.toThrow(/closed/);
    });

    it("is there again after reopening, where it outlives its process", async ({ skip }) => {
      const place = await create();
      if (place.reopen === undefined) return skip("a store in memory ends with its process");
      const store = keep(await place.open(4));
      await store.upsert([record("a", X, { n: 1 }), record("b", Y)]);
      await store.delete(["b"]);
      const version = await store.version();
      await store.close();
      const again = keep(await place.reopen(4));
      expect(await again.version()).toBe(version);
      expect(await collect(again.iterate())).toEqual([record("a", X, { n: 1 })]);
    });

    it("reads beside a writer when opened read-only, and refuses to write", async ({ skip }) => {
      const place = await create();
      if (place.reopen === undefined) return skip("a store in memory has one owner");
      const writer = keep(await place.open(4));
      await writer.upsert([record("a", X)]);
      const reader = keep(await place.reopen(4, { readOnly: true }));
      for (let n = 0; n < 4; n++) {
        expect(await reader.count()).toBe(n + 1);
        for (let again = 0; again < 3; again++) {
          expect((await reader.search(X, { topK: 9 })).length).toBe(n + 1);
        }
        expect(await reader.version()).toBe(await writer.version());
        await writer.upsert([record(`w${n}`, X, { [`key${n}`]: true })]);
        expect(await reader.count(parseFilter(`key${n} = true`))).toBe(1);
      }
      const refused = { name: "RetrieveError", code: "not_allowed" };
      await expect(reader.upsert([record("b", X)])).rejects.toMatchObject(refused);
      await expect(reader.delete(["a"])).rejects.toMatchObject(refused);
      await expect(reader.optimise()).rejects.toMatchObject(refused);
    });
  });
}
