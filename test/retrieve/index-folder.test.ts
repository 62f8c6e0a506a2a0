import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Encoder } from "#src/encoder/index.js";
import { type IndexFolder, type IndexFolderOptions, openIndexFolder } from "#src/retrieve/index.js";
import { keywordEncoder } from "../support/keyword-encoder.js";
import { sourceRecord } from "../support/source-records.js";

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "index-")), ".retrieve");
});
afterEach(() => rm(resolve(folder, ".."), { recursive: true }));

const mini = keywordEncoder({ name: "mini", dimensions: 32, seed: 1 });
const other = keywordEncoder({ name: "other", dimensions: 48, seed: 2 });
const never = () => Promise.reject(new Error("the encoder was opened"));

function open(options: Partial<IndexFolderOptions> = {}, encoder: Encoder = mini): Promise<IndexFolder> {
  return openIndexFolder(folder, { encoder: async () => encoder, ...options });
}

const notes = [sourceRecord("cat", "the cat sleeps"), sourceRecord("dog", ["the dog barks", "the dog eats"])];

async function fill(encoder = mini): Promise<void> {
  await using index = await open({}, encoder);
  await (await index.create("notes", "qa")).put(notes);
  await (await index.create("tools", "tool")).put([sourceRecord("hammer", "drives nails")]);
}

async function firstHit(
  index: IndexFolder,
  query: string,
  method: "dense" | "bm25" = "dense",
): Promise<string | undefined> {
  const collection = await index.collection("notes");
  return (await collection?.search(query, { method }))?.[0]?.id;
}

describe("an index folder", () => {
  it("keeps its collections between runs", async () => {
    await fill();
    await using index = await open({ readOnly: true });
    expect(index.model).toBe("mini");
    expect(index.list()).toEqual([
      { name: "notes", task: "qa", model: "mini", fingerprint: "keyword-32-1-text", dimensions: 32 },
      { name: "tools", task: "tool", model: "mini", fingerprint: "keyword-32-1-tool", dimensions: 32 },
    ]);
    expect(await (await index.collection("notes"))?.count()).toEqual({ records: 2, documents: 3 });
    expect(await firstHit(index, "a dog eats")).toBe("dog#1");
    expect(await index.collection("memory")).toBeUndefined();
    expect(await index.bytes()).toBeGreaterThan(1000);
  });

  it("opens no encoder to list, count, remove and search by words", async () => {
    await fill();
    await using index = await open({ encoder: never });
    expect(index.list()).toHaveLength(2);
    expect(await firstHit(index, "eats", "bm25")).toBe("dog#1");
    const collection = await index.collection("notes");
    expect(await collection?.remove(["dog"])).toBe(1);
    expect(await collection?.put(notes.slice(0, 1))).toMatchObject({ unchanged: 1 });
    await expect(firstHit(index, "cat")).rejects.toThrow("the encoder was opened");
  });

  it("gives the model's name to who opens the encoder, once", async () => {
    await fill();
    const asked: (string | undefined)[] = [];
    const encoder = async (model: string | undefined) => {
      asked.push(model);
      return mini;
    };
    await using index = await open({ encoder, readOnly: true });
    await Promise.all([firstHit(index, "cat"), firstHit(index, "dog"), index.encoder()]);
    expect(asked).toEqual(["mini"]);
  });

  it("reads as empty, and makes nothing, where there is none", async () => {
    await using index = await open({ readOnly: true });
    expect([index.list(), index.model, await index.bytes()]).toEqual([[], undefined, 0]);
    await expect(index.create("notes", "qa")).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(index.reindex(other)).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(readdir(folder)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("refuses another task for a collection that is there, and names that are paths", async () => {
    await fill();
    await using index = await open();
    await expect(index.create("notes", "tool")).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(index.create("../up", "qa")).rejects.toMatchObject({ code: "invalid_argument" });
    expect(index.list()).toHaveLength(2);
  });

  it("shows a reader what a writer commits meanwhile", async () => {
    await fill();
    await using reader = await open({ readOnly: true });
    expect(await firstHit(reader, "elk", "bm25")).toBeUndefined();
    await using writer = await open();
    await (await writer.create("notes", "qa")).put([sourceRecord("elk", "an elk")]);
    await (await writer.create("memory", "chat")).put([sourceRecord("turn", "hello")]);
    expect(await firstHit(reader, "elk", "bm25")).toBe("elk");
    expect(await firstHit(reader, "elk")).toBe("elk");
    expect(await (await reader.collection("memory"))?.count()).toEqual({ records: 1, documents: 1 });
  });
});

describe("another encoder", () => {
  it.each(["search", "put", "create"] as const)("is refused by %s, which says what to run", async (verb) => {
    await fill();
    await using index = await open({}, other);
    const collection = await index.collection("notes");
    const work = {
      search: () => collection?.search("dog"),
      put: () => collection?.put([sourceRecord("elk", "an elk")]),
      create: () => index.create("memory", "chat"),
    };
    await expect(work[verb]()).rejects.toMatchObject({
      code: "fingerprint_mismatch",
      message: expect.stringMatching(
        /encoded by mini .*got the encoder other.*"retrieve reindex --model other"/,
      ),
    });
    expect(await firstHit(index, "eats", "bm25")).toBe("dog#1");
  });

  it("takes over by reindex, and readers follow", async () => {
    await fill();
    await using reader = await open({ readOnly: true }, mini);
    expect(await firstHit(reader, "a cat")).toBe("cat");
    {
      await using index = await open({}, mini);
      const done: number[] = [];
      const report = await index.reindex(other, { onProgress: (progress) => done.push(progress.done) });
      expect([report.documents, done.at(-1)]).toEqual([4, 4]);
      expect(index.list().map(({ model, dimensions }) => [model, dimensions])).toEqual([
        ["other", 48],
        ["other", 48],
      ]);
      expect(await firstHit(index, "a dog eats")).toBe("dog#1");
      expect(await (await index.create("notes", "qa")).put(notes)).toMatchObject({ unchanged: 2 });
    }
    await expect(firstHit(reader, "a cat")).rejects.toMatchObject({ code: "fingerprint_mismatch" });
    expect(await firstHit(reader, "cat", "bm25")).toBe("cat");
    await using index = await open({}, other);
    expect(await firstHit(index, "a cat")).toBe("cat");
    expect(await readdir(join(folder, "tables"))).toEqual(["notes-3", "tools-4"]);
  });

  it("that fails in a reindex leaves everything as it was", async () => {
    await fill();
    let calls = 0;
    const failing = keywordEncoder({
      ...{ name: "failing", dimensions: 48, seed: 3 },
      onEncode: () => {
        if (++calls === 2) throw new Error("no more memory");
      },
    });
    await using index = await open();
    await expect(index.reindex(failing)).rejects.toThrow("no more memory");
    expect(index.model).toBe("mini");
    expect(await firstHit(index, "a dog eats")).toBe("dog#1");
    expect(await index.reindex(other)).toEqual({ documents: 4 });
    expect(await firstHit(index, "a dog eats")).toBe("dog#1");
  });
});

describe("the manifest", () => {
  const manifest = () => join(folder, "index.json");

  it("of a newer version is refused by readers and writers, and stays", async () => {
    await fill();
    const text = (await readFile(manifest(), "utf8")).replace('"format": 1', '"format": 2');
    await writeFile(manifest(), text);
    for (const readOnly of [true, false]) {
      await expect(open({ readOnly })).rejects.toMatchObject({
        code: "format_version",
        message: expect.stringContaining("format 2"),
      });
    }
    expect(await readFile(manifest(), "utf8")).toBe(text);
    expect(await readdir(join(folder, "tables"))).toHaveLength(2);
  });

  it.each(["", "{", "[]", '{"format":1}', '{"format":1,"generation":1,"collections":[{"name":"x"}]}'])(
    "that is damaged is told: %s",
    async (text) => {
      await fill();
      await writeFile(manifest(), text);
      for (const readOnly of [true, false]) {
        await expect(open({ readOnly })).rejects.toMatchObject({
          code: "invalid_data",
          message: expect.stringContaining(manifest()),
        });
      }
      expect(await readdir(join(folder, "tables"))).toHaveLength(2);
    },
  );

  it("that is gone does not cost the tables", async () => {
    await fill();
    await rm(manifest());
    await expect(open()).rejects.toMatchObject({ code: "invalid_data" });
    expect(await readdir(join(folder, "tables"))).toHaveLength(2);
  });

  it("names all that a writer keeps: left-over tables and files go", async () => {
    await fill();
    await mkdir(join(folder, "tables", "notes-7"));
    await writeFile(join(folder, "lexical", "notes-7.bin"), "x");
    await writeFile(join(folder, "index.json.12.abc.tmp"), "x");
    await (await open()).close();
    expect(await readdir(join(folder, "tables"))).toEqual(["notes-1", "tools-2"]);
    expect(await readdir(join(folder, "lexical"))).toEqual(["notes-1.bin", "tools-2.bin"]);
    expect((await readdir(folder)).sort()).toEqual(["index.json", "lexical", "tables"]);
  });
});

describe("the lock", () => {
  it("lets one writer in, and readers always", async () => {
    await using first = await open();
    await (await first.create("notes", "qa")).put(notes);
    await expect(open()).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await using reader = await open({ readOnly: true });
    expect(await firstHit(reader, "a cat")).toBe("cat");
  });

  it("lets a waiting writer in when it is given back", async () => {
    const notices: string[] = [];
    const first = await open();
    const second = open({ wait: true, onNotice: (notice) => notices.push(notice) });
    await expect.poll(() => notices).toHaveLength(1);
    await first.close();
    await (await second).close();
    expect(notices[0]).toContain(`process ${process.pid}`);
  });

  it("stops waiting when the caller aborts", async () => {
    await using _first = await open();
    const abort = new AbortController();
    const second = open({ wait: true, signal: abort.signal, onNotice: () => abort.abort() });
    await expect(second).rejects.toThrow("abort");
  });

  it("names another process, and is taken over when that was killed", async () => {
    const holder = await startWriter("hold");
    await expect(open()).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining(`process ${holder.pid}`),
    });
    await holder.kill();
    await (await open()).close();
  });

  it("is taken over by one of many that find its holder dead", async () => {
    await (await startWriter("hold")).kill();
    const opened = await Promise.allSettled(Array.from({ length: 8 }, () => open()));
    const winners = opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    expect(winners).toHaveLength(1);
    await winners[0]?.close();
  });

  it("of a process whose id another process has now is taken over", async () => {
    await (await open()).close();
    const stale = {
      pid: process.pid,
      host: (await import("node:os")).hostname(),
      birth: "1",
      since: "",
      token: "x",
    };
    await writeFile(join(folder, "lock"), JSON.stringify(stale));
    await (await open()).close();
  });

  it("of another machine is believed, and says which file to delete", async () => {
    await (await open()).close();
    await writeFile(
      join(folder, "lock"),
      JSON.stringify({ pid: 1, host: "elsewhere", birth: "", since: "", token: "x" }),
    );
    await expect(open()).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining(join(folder, "lock")),
    });
  });
});

describe("kill -9", () => {
  it("during put loses nothing committed and doubles nothing", { timeout: 120_000 }, async () => {
    const total = 3000;
    let promised = 0;
    for (let round = 0; round < 5; round++) {
      const writer = await startWriter("put", `${total}`);
      const committed = await writer.killAfter(/^committed (\d+)/, 1 + (round % 3), round * 7);
      promised += committed;
      const ids = await documentIds();
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBeGreaterThanOrEqual(2 * promised);
      const present = new Set(ids);
      for (let n = 0; n < promised; n++) expect(present.has(`r${n}#0`) && present.has(`r${n}#1`)).toBe(true);
      expect(ids.length % 2).toBe(0); // no record by half
      promised = ids.length / 2;
    }
    const writer = await startWriter("put", `${total}`);
    await writer.finished();
    expect((await documentIds()).length).toBe(2 * total);
    await using index = await open({ readOnly: true });
    expect(await (await index.collection("numbers"))?.count()).toEqual({
      records: total,
      documents: 2 * total,
    });
  });

  it("during reindex leaves the old vectors in place", { timeout: 120_000 }, async () => {
    await (await startWriter("put", "2000")).finished();
    const writer = await startWriter("reindex");
    await writer.killAfter(/^encoded (\d+)/, 3, 0);
    {
      await using index = await open({ readOnly: true });
      expect(index.model).toBe("tiny");
      expect((await documentIds()).length).toBe(4000);
      expect(await readdir(join(folder, "tables"))).toEqual(["numbers-1", "numbers-2"]);
    }
    await (await startWriter("reindex")).finished();
    await using index = await open();
    expect(index.model).toBe("tiny-2");
    expect((await documentIds()).length).toBe(4000);
    expect(await readdir(join(folder, "tables"))).toEqual(["numbers-2"]);
  });
});

async function documentIds(): Promise<string[]> {
  await using index = await open({ readOnly: true });
  const ids: string[] = [];
  for await (const { id } of (await index.collection("numbers"))?.iterate() ?? []) ids.push(id);
  return ids;
}

/** A writing process of its own that has opened the index. */
async function startWriter(...args: string[]): Promise<Writer> {
  const script = resolve(import.meta.dirname, "../support/index-writer.mjs");
  const child = spawn(process.execPath, [script, folder, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise<number | null>((settle) => child.on("exit", (code) => settle(code)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("open");
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  return {
    pid: child.pid,
    kill,
    finished: async () => expect(await exited).toBe(0),
    killAfter: async (pattern, times, delay) => {
      let last = 0;
      for (let seen = 0; seen < times; ) {
        const { value, done } = await lines.next();
        if (done === true) break;
        const match = pattern.exec(value);
        if (match !== null) seen++;
        last = Number(match?.[1] ?? last);
      }
      await new Promise((settle) => setTimeout(settle, delay));
      await kill();
      return last;
    },
  };
}

interface Writer {
  readonly pid: number | undefined;
  kill(): Promise<void>;
  finished(): Promise<void>;
  /** Kills it `delay` ms after the line that matches for the nth time; gives the number in that line. */
  killAfter(pattern: RegExp, times: number, delay: number): Promise<number>;
}
