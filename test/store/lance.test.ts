import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@lancedb/lancedb";
import { Field, Schema, Utf8 } from "apache-arrow";
import { afterAll, describe, expect, it } from "vitest";
import { openLanceStore } from "#src/store/index.js";
import { collect, testStore } from "./contract.ts";

const folder = mkdtempSync(join(tmpdir(), "retrieve-lance-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let stores = 0;

// All in one folder: stores side by side do not see each other.
testStore("LanceDB store", async () => {
  const name = `store${stores++}`;
  return {
    open: (dimensions) => openLanceStore(folder, name, { dimensions }),
    reopen: (dimensions, options) => openLanceStore(folder, name, { dimensions, ...options }),
  };
});

describe("opening a LanceDB store", () => {
  const vector = Float32Array.of(0.5, 0.5, 0.5, 0.5);
  const record = { id: "a", vector, text: "", metadata: {}, payload: null };
  const openNew = (options = {}) =>
    openLanceStore(folder, `opened${stores++}`, { dimensions: 4, ...options });

  it("says what is not there, and makes nothing", async () => {
    const nowhere = join(folder, "nowhere");
    await expect(openLanceStore(nowhere, "s", { dimensions: 4, readOnly: true })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining(nowhere),
    });
    expect(existsSync(nowhere)).toBe(false);
    await expect(openNew({ readOnly: true })).rejects.toMatchObject({ code: "not_found" });
  });

  it("refuses other dimensions", async () => {
    const name = `opened${stores++}`;
    await (await openLanceStore(folder, name, { dimensions: 4 })).close();
    await expect(openLanceStore(folder, name, { dimensions: 8 })).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(/holds vectors of 4 numbers, wanted 8/),
    });
    await expect(openNew({ dimensions: 0 })).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("refuses a store of a newer format, and a table that is not a store", async () => {
    const connection = await connect(folder);
    const newer = new Map([
      ["retrieve.format_version", "2"],
      ["retrieve.store", "x"],
    ]);
    await connection.createEmptyTable("newer", new Schema([new Field("id", new Utf8())], newer));
    await connection.createEmptyTable("foreign", new Schema([new Field("id", new Utf8())]));
    connection.close();
    await expect(openLanceStore(folder, "newer", { dimensions: 4 })).rejects.toMatchObject({
      code: "format_version",
      message: expect.stringMatching(/format 2, this version reads up to 1; update/),
    });
    await expect(openLanceStore(folder, "foreign", { dimensions: 4 })).rejects.toMatchObject({
      code: "invalid_data",
    });
  });

  it("tells a store made anew from the one that was there", async () => {
    const versions = [];
    for (const place of ["one", "two"]) {
      await using store = await openLanceStore(join(folder, place), "s", { dimensions: 4 });
      await store.upsert([record]);
      versions.push(await store.version());
    }
    expect(versions[0]).not.toBe(versions[1]);
  });

  it("puts a damaged file into words", async () => {
    const name = `opened${stores++}`;
    const store = await openLanceStore(folder, name, { dimensions: 4 });
    await store.upsert([record]);
    await store.close();
    const data = join(folder, `${name}.lance`, "data");
    for (const file of readdirSync(data)) truncateSync(join(data, file), 10);
    await using again = await openLanceStore(folder, name, { dimensions: 4 });
    const damaged = { code: "invalid_data", message: expect.stringContaining(name) };
    await expect(again.get(["a"])).rejects.toMatchObject(damaged);
    await expect(collect(again.iterate())).rejects.toMatchObject(damaged);
  });

  it("merges the files of many small writes, and readers go on", async () => {
    const name = `opened${stores++}`;
    await using store = await openLanceStore(folder, name, { dimensions: 4 });
    await using reader = await openLanceStore(folder, name, { dimensions: 4, readOnly: true });
    await store.upsert(Array.from({ length: 20_000 }, (_, n) => ({ ...record, id: `first${n}` })));
    const reading = reader.iterateFound()[Symbol.asyncIterator]();
    const ids = [(await reading.next()).value?.id];
    for (let n = 0; n < 90; n++) await store.upsert([{ ...record, id: `r${n}` }]);
    const files = readdirSync(join(folder, `${name}.lance`, "data")).length;
    expect(await reader.count()).toBe(20_090);
    for (let step = await reading.next(); step.done !== true; step = await reading.next())
      ids.push(step.value.id);
    expect(new Set(ids).size).toBe(20_000);
    expect(files).toBeGreaterThan(90); // merged beside the old ones, which stay for a while
    const table = await (await connect(folder)).openTable(name);
    expect((await table.stats()).fragmentStats.numFragments).toBeLessThan(80);
  });
});
