import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Collection,
  type CollectionOptions,
  openCollection,
  type SourceRecord,
} from "#src/retrieve/index.js";
import { RetrieveError } from "#src/std/index.js";
import { openExactStore, type VectorStore } from "#src/store/index.js";
import { keywordEncoder } from "../support/keyword-encoder.js";
import { sourceRecord } from "../support/source-records.js";

const dimensions = 256;
let encoded: string[] = [];
let store: VectorStore;
let folder: string;

beforeEach(async () => {
  encoded = [];
  store = openExactStore({ dimensions });
  folder = await mkdtemp(join(tmpdir(), "collection-"));
});
afterEach(() => rm(folder, { recursive: true }));

const encoder = keywordEncoder({
  dimensions,
  onEncode: (side, texts) => void (side === "document" && encoded.push(...texts)),
});

function open(options: Partial<CollectionOptions> = {}): Collection {
  return openCollection({ store, encoder: async () => encoder, task: "qa", ...options });
}

/** The same store as another process sees it after a restart: closing the collection does not close it. */
function lasting(): VectorStore {
  return { ...store, close: async () => {} };
}

async function idsOf(collection: Collection): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of collection.iterate()) ids.push(id);
  return ids.sort();
}

const animals = [
  sourceRecord("cat", "the cat sleeps on the warm stove"),
  sourceRecord("dog", ["the dog guards the yard", "the dog eats bones"]),
  sourceRecord("owl", "the owl hunts mice at night", { metadata: { wild: true } }),
];

describe("put", () => {
  it("adds, and gives back documents as they were", async () => {
    const collection = open();
    expect(await collection.put(animals)).toEqual({ added: 3, updated: 0, unchanged: 0, removed: 0 });
    expect(await collection.count()).toEqual({ records: 3, documents: 4 });
    expect(await collection.get(["owl", "nobody", "dog#1"])).toEqual([
      animals[2]?.documents[0],
      undefined,
      animals[1]?.documents[1],
    ]);
    expect(await idsOf(collection)).toEqual(["cat", "dog#0", "dog#1", "owl"]);
  });

  it("encodes only what is new or changed", async () => {
    const collection = open();
    await collection.put(animals);
    encoded = [];
    const changed = [
      ...animals.slice(0, 2),
      sourceRecord("owl", "the owl sleeps by day"),
      sourceRecord("elk", "an elk"),
    ];
    expect(await collection.put(changed)).toEqual({ added: 1, updated: 1, unchanged: 2, removed: 0 });
    expect(encoded).toEqual(["the owl sleeps by day", "an elk"]);
  });

  it("leaves no chunk of an earlier version", async () => {
    const collection = open();
    await collection.put(animals);
    await collection.put([sourceRecord("dog", ["a dog barks"])]);
    expect(await idsOf(collection)).toEqual(["cat", "dog#0", "owl"]);
    expect(await collection.search("bones", { method: "bm25" })).toEqual([]);
  });

  it("removes vanished records of the same origins only", async () => {
    const collection = open();
    const old = [
      sourceRecord("a", "one", { origin: "docs" }),
      sourceRecord("b", "two", { origin: "docs" }),
      sourceRecord("c", "three", { origin: "notes" }),
      sourceRecord("d", "four", { origin: "empty" }),
    ];
    await collection.put(old);
    expect(await collection.put(old.slice(0, 1))).toMatchObject({ unchanged: 1, removed: 0 });
    const report = await collection.put(old.slice(0, 1), { sync: true, origins: ["empty"] });
    expect(report).toEqual({ added: 0, updated: 0, unchanged: 1, removed: 2 });
    expect(await idsOf(collection)).toEqual(["a", "c"]);
  });

  it("takes a record that has become empty away", async () => {
    const collection = open();
    await collection.put(animals);
    const empty = { ...sourceRecord("dog", []), hash: "empty" };
    expect(await collection.put([empty, { ...empty, id: "fox" }])).toEqual({
      added: 0,
      updated: 0,
      unchanged: 1,
      removed: 1,
    });
    expect(await collection.count()).toEqual({ records: 2, documents: 2 });
  });

  it("takes a repeated record once and refuses two records with one id, naming both places", async () => {
    const collection = open();
    expect(await collection.put([sourceRecord("a", "same"), sourceRecord("a", "same")])).toMatchObject({
      added: 1,
      unchanged: 0,
    });
    await expect(collection.put([sourceRecord("b", "one"), sourceRecord("b", "two")])).rejects.toThrow(
      /record b is in .* and, with other content, in .*; give each record an id of its own/,
    );
  });

  it("writes batches of whole records and tells each once it is durable", async () => {
    const collection = open({ batchSize: 4 });
    const sizes: number[] = [];
    const upsert = store.upsert;
    store.upsert = (records, options) => {
      sizes.push(records.length);
      return upsert(records, options);
    };
    const records = [3, 3, 9, 1].map((size, at) =>
      sourceRecord(
        `r${at}`,
        Array.from({ length: size }, (_, n) => `text ${at} ${n}`),
      ),
    );
    const committed: [number, number][] = [];
    const counts: Promise<unknown>[] = [];
    await collection.put(records, {
      onCommit: (done) => counts.push(store.count().then((stored) => committed.push([done, stored]))),
    });
    await Promise.all(counts);
    expect(sizes).toEqual([6, 9, 1]);
    expect(committed).toEqual([
      [2, 6],
      [3, 15],
      [4, 16],
    ]);
  });

  it("reports progress over the whole call", async () => {
    const done: number[] = [];
    await open({ batchSize: 1 }).put(animals, { onProgress: (progress) => done.push(progress.done) });
    expect(done).toEqual([1, 3, 4]);
  });

  it("keeps what was committed when the caller aborts", async () => {
    const abort = new AbortController();
    const collection = open({ batchSize: 1 });
    const put = collection.put(animals, {
      signal: abort.signal,
      onCommit: (done) => done === 2 && abort.abort(),
    });
    await expect(put).rejects.toThrow("abort");
    expect(await idsOf(collection)).toEqual(["cat", "dog#0", "dog#1"]);
    expect(await collection.put(animals)).toMatchObject({ added: 1, unchanged: 2 });
  });

  it("keeps what was committed when the source fails", async () => {
    const collection = open({ batchSize: 1 });
    const failing = async function* (): AsyncGenerator<SourceRecord> {
      yield* animals.slice(0, 1);
      throw new Error("the disk of the source broke");
    };
    await expect(collection.put(failing())).rejects.toThrow("the disk of the source broke");
    expect(await idsOf(collection)).toEqual(["cat"]);
  });

  it("keeps what was committed when the disk is full, and goes on when there is room", async () => {
    let room = 2;
    const full: VectorStore = {
      ...store,
      upsert: async (...args) => {
        if (room-- === 0) throw new RetrieveError("disk", "no space left");
        await store.upsert(...args);
      },
    };
    const collection = open({ store: full, batchSize: 1 });
    await expect(collection.put(animals)).rejects.toMatchObject({ code: "disk" });
    expect(await idsOf(collection)).toEqual(["cat", "dog#0", "dog#1"]);
    expect(await collection.search("owl", { method: "bm25" })).toEqual([]);
    expect(await collection.put(animals)).toMatchObject({ added: 1, unchanged: 2 });
  });

  it("refuses a document that another record owns", async () => {
    const collection = open();
    await collection.put([sourceRecord("a", ["x", "y"])]);
    await expect(collection.put([sourceRecord("a#1", "z")])).rejects.toMatchObject({
      code: "invalid_argument",
    });
    expect((await collection.get(["a#1"]))[0]?.text).toBe("y");
  });

  it("is refused on a collection open for reading", async () => {
    const collection = open({ readOnly: true });
    await expect(collection.put(animals)).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(collection.remove(["cat"])).rejects.toMatchObject({ code: "invalid_argument" });
  });
});

describe("remove", () => {
  it("takes whole records and counts those that were there", async () => {
    const collection = open();
    await collection.put(animals);
    expect(await collection.remove(["dog", "dog", "nobody"])).toBe(1);
    expect(await collection.count()).toEqual({ records: 2, documents: 2 });
    expect(await collection.search("dog bones", { method: "bm25" })).toEqual([]);
  });
});

describe("search", () => {
  it.each(["dense", "bm25", "hybrid"] as const)("%s finds the document that shares words", async (method) => {
    const collection = open();
    await collection.put(animals);
    const [first, second] = await collection.search("what does a dog eat: bones?", { method, topK: 2 });
    expect(first).toMatchObject({
      id: "dog#1",
      value: { passage: "the dog eats bones" },
      source: "dog.md:2",
      metadata: {},
    });
    expect(second?.id).toBe("dog#0");
    expect(first?.score).toBeGreaterThan(second?.score ?? 0);
  });

  it.each(["dense", "bm25", "hybrid"] as const)("%s keeps to the filter", async (method) => {
    const collection = open();
    await collection.put(animals);
    const filter = { field: "wild", op: "=", value: true } as const;
    expect((await collection.search("the dog", { method, filter })).map(({ id }) => id)).toEqual(["owl"]);
  });

  it("needs no encoder for BM25, nor to remove", async () => {
    await open().put(animals);
    const collection = open({ encoder: () => Promise.reject(new Error("opened")) });
    expect((await collection.search("bones", { method: "bm25" }))[0]?.id).toBe("dog#1");
    expect(await collection.remove(["owl"])).toBe(1);
    await expect(collection.search("bones")).rejects.toThrow("opened");
  });

  it("reads another text for BM25 where one is given, with weights", async () => {
    const collection = open();
    await collection.put(animals);
    const lexical = [
      { text: "owl", weight: 0.1 },
      { text: "stove", weight: 1 },
    ];
    const hits = await collection.search({ text: "bones", lexical }, { method: "bm25" });
    expect(hits.map(({ id }) => id)).toEqual(["cat", "owl"]);
  });

  it("drops hits below minScore", async () => {
    const collection = open();
    await collection.put(animals);
    const all = await collection.search("the dog eats bones", { method: "dense" });
    const [first, second] = all;
    expect(all).toHaveLength(4);
    expect(first?.score).toBeCloseTo(1, 6);
    const near = await collection.search("the dog eats bones", {
      method: "dense",
      minScore: second?.score ?? 0,
    });
    expect(near.map(({ id }) => id)).toEqual(["dog#1", "dog#0"]);
  });

  it("prefers what is unlike the chosen when asked for diversity", async () => {
    const collection = open();
    await collection.put([
      sourceRecord("a", "red apple pie recipe"),
      sourceRecord("b", "red apple pie recipe"),
      sourceRecord("c", "apple orchard tour"),
    ]);
    const ids = async (diversity: number) =>
      (await collection.search("apple pie recipe", { topK: 2, diversity })).map(({ id }) => id);
    expect(await ids(0)).toEqual(["a", "b"]);
    expect(await ids(0.7)).toEqual(["a", "c"]);
  });

  it("breaks ties by id", async () => {
    const collection = open();
    await collection.put(["c", "a", "b"].map((id) => sourceRecord(id, "same text")));
    for (const method of ["dense", "bm25", "hybrid"] as const) {
      const hits = await collection.search("same", { method, topK: 2 });
      expect(hits.map(({ id }) => id)).toEqual(["a", "b"]);
    }
  });

  it("finds nothing in nothing", async () => {
    for (const method of ["dense", "bm25", "hybrid"] as const) {
      expect(await open().search("anything", { method })).toEqual([]);
    }
  });

  it.each([{ topK: 0 }, { topK: 1.5 }, { diversity: 2 }, { method: "magic" as "bm25" }])(
    "refuses %o",
    async (options) => {
      await expect(open().search("x", options)).rejects.toMatchObject({ code: "invalid_argument" });
    },
  );
});

describe("the BM25 file", () => {
  const notices: string[] = [];
  beforeEach(() => notices.splice(0));
  const file = () => join(folder, "lexical.bin");
  const filed = () =>
    open({ store: lasting(), lexicalFile: file(), onNotice: (message) => notices.push(message) });
  const search = async (collection: Collection) =>
    (await collection.search("owl dog", { method: "bm25" })).map(({ id, score }) => [id, score]);

  it("gives the same answers as an index built anew", async () => {
    await using collection = filed();
    await collection.put(animals);
    await collection.put([sourceRecord("dog", ["a dog of another colour", "dog and owl"])]);
    await collection.remove(["cat"]);
    const expected = await search(open({ store: lasting() }));
    expect(expected).toHaveLength(3);
    expect(await search(collection)).toEqual(expected);
    expect(await search(filed())).toEqual(expected);
    expect(notices).toEqual([]);
  });

  it("is read instead of the texts when it is as old as the store", async () => {
    await await filed().put(animals);
    const blind = {
      ...lasting(),
      iterateFound: () => {
        throw new Error("the texts were read");
      },
    };
    expect(await search(open({ store: blind, lexicalFile: file() }))).toHaveLength(3);
  });

  it("is whole when everything was removed", async () => {
    await using collection = filed();
    await collection.put(animals);
    await collection.remove(animals.map(({ id }) => id));
    expect(await search(filed())).toEqual([]);
    expect(notices).toEqual([]);
  });

  it("follows a store that was changed without it", async () => {
    await filed().put(animals);
    await open({ store: lasting() }).put([
      sourceRecord("owl", "the bird is gone"),
      sourceRecord("elk", "dog owl"),
    ]);
    expect((await search(filed())).map(([id]) => id)).toEqual(["elk", "dog#1", "dog#0"]);
  });

  it("that cannot be written is told and costs nothing else", async () => {
    await writeFile(join(folder, "file"), "");
    const lexicalFile = join(folder, "file", "lexical.bin");
    const collection = open({ lexicalFile, onNotice: (message) => notices.push(message) });
    expect(await collection.put(animals)).toMatchObject({ added: 3 });
    expect(notices).toEqual([expect.stringContaining(lexicalFile)]);
    expect(await search(collection)).toHaveLength(3);
  });

  it.each([
    ["cut", (bytes: Buffer) => bytes.subarray(0, bytes.length - 7)],
    ["changed", (bytes: Buffer) => Buffer.from(bytes).fill(7, bytes.length - 20, bytes.length - 16)],
    ["of another format", (bytes: Buffer) => Buffer.concat([Buffer.from("RETRLEX9"), bytes.subarray(8)])],
    ["empty", () => Buffer.alloc(0)],
  ])("is built again, and told, when it is %s", async (_, damage) => {
    await filed().put(animals);
    const expected = await search(filed());
    await writeFile(file(), damage(await readFile(file())));
    expect(await search(filed())).toEqual(expected);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain(file());
  });
});
