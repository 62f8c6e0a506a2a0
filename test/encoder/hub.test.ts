import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseHubId } from "#src/encoder/hub.js";
import { describeModel, fetchModel, listModels, openEncoder } from "#src/encoder/index.js";
import { goldenFolder } from "./golden.ts";
import { type HubFile, type HubServer, startHub } from "./hub-server.ts";

const tiny = (path: string): Uint8Array => readFileSync(join(goldenFolder, "tiny-bert", path));
const weights: HubFile = { path: "model.safetensors", content: tiny("model.safetensors"), large: true };
const files: readonly HubFile[] = [
  ...[
    "config.json",
    "tokenizer.json",
    "modules.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
  ].map((path) => ({ path, content: tiny(path) })),
  weights,
  { path: "pytorch_model.bin", content: Buffer.from("never asked for") },
  { path: "README.md", content: Buffer.from("never asked for") },
];

let cacheFolder: string;
let hub: HubServer;
beforeEach(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), "hub-"));
  hub = await startHub("someone/tiny", files);
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(cacheFolder, { recursive: true });
});
const options = (): { cacheFolder: string; hubEndpoint: string } => ({
  cacheFolder,
  hubEndpoint: hub.endpoint,
});
const weightReads = (): string[] => hub.reads.filter((read) => read.startsWith("model.safetensors"));

describe("a hub model", () => {
  it("is downloaded once, what is needed of it, and opens like a folder", async () => {
    const notices: string[] = [];
    const reports: { done: number; total?: number; unit: string }[] = [];
    const told = { onNotice: (text: string) => notices.push(text), onProgress: (report: (typeof reports)[0]) => reports.push(report) }; // biome-ignore format: one line
    await using encoder = await openEncoder("someone/tiny", { ...options(), ...told });
    await using folder = await openEncoder(join(goldenFolder, "tiny-bert"));
    expect(await encoder.encodeQueries(["fox"])).toEqual(await folder.encodeQueries(["fox"]));
    expect(encoder.fingerprint("qa")).toBe(folder.fingerprint("qa"));

    const total = files.slice(0, 6).reduce((sum, { content }) => sum + content.length, 0);
    expect(reports.at(-1)).toEqual({ done: total, total, unit: "bytes" });
    expect(reports.every(({ done }, at) => done >= (reports[at - 1]?.done ?? 0))).toBe(true);
    expect(notices[0]).toContain("downloading someone/tiny@");
    expect(hub.reads.map((read) => read.split(" ")[0])).not.toContain("pytorch_model.bin");

    const before = hub.reads.length;
    await using again = await openEncoder("someone/tiny@main", options());
    expect(again.dimensions).toBe(32);
    expect(hub.reads.length).toBe(before);
  });

  it("opens offline from the cache without a socket, and says what to do when it is not there", async () => {
    await fetchModel("someone/tiny@v1.0", options());
    await hub[Symbol.asyncDispose]();
    await using encoder = await openEncoder("someone/tiny@v1.0", { ...options(), offline: true });
    expect(encoder.dimensions).toBe(32);
    await using byCommit = await openEncoder(`someone/tiny@${hub.commit}`, { ...options(), offline: true });
    expect(byCommit.fingerprint("qa")).toBe(encoder.fingerprint("qa"));
    await expect(openEncoder("someone/other", { ...options(), offline: true })).rejects.toMatchObject({
      code: "offline",
      message: expect.stringContaining("retrieve models pull someone/other@main"),
    });
  });

  it("opens no socket in offline mode even where a server would answer", async () => {
    let sockets = 0;
    const count = (): void => {
      sockets++;
    };
    subscribe("net.client.socket", count);
    const offline = openEncoder("someone/tiny", { ...options(), offline: true });
    await expect(offline).rejects.toMatchObject({ code: "offline" });
    expect(sockets).toBe(0);
    expect(await readdir(cacheFolder)).toEqual([]);
    await fetchModel("someone/tiny", options());
    expect(sockets).toBeGreaterThan(0); // the count sees the sockets that there are
    unsubscribe("net.client.socket", count);
  });

  it("goes on where a connection broke, in the same call", async () => {
    const size = weights.content.length;
    const cuts = [1000, 2000];
    hub.breakAfter = [...files.slice(0, 5).map(({ content }) => content.length), ...cuts];
    const folder = await fetchModel("someone/tiny", options());
    const starts = weightReads().map((read) => Number(/(\d+)-/.exec(read)?.[1]));
    expect(starts.length).toBe(3);
    expect(starts[0]).toBe(0);
    expect(starts[1]).toBeGreaterThan(0);
    expect(starts[2]).toBeGreaterThan(starts[1]!);
    expect((await stat(join(folder, "model.safetensors"))).size).toBe(size);
  });

  it("goes on where a connection broke, in a later call", async () => {
    hub.breakAfter = [...files.slice(0, 5).map(({ content }) => content.length), ...Array(5).fill(500)];
    await expect(fetchModel("someone/tiny", options())).rejects.toMatchObject({
      code: "network",
      message: expect.stringMatching(/of model\.safetensors.*run the same again to go on/),
    });
    expect(await listModels({ cacheFolder })).toMatchObject([{ name: "mini" }]);
    const before = weightReads().length;
    await fetchModel("someone/tiny", options());
    const [read = ""] = weightReads().slice(before);
    expect(Number(/(\d+)-/.exec(read)?.[1])).toBeGreaterThan(0);
    expect(weightReads().length).toBe(before + 1);
    expect((await listModels({ cacheFolder })).map(({ name }) => name)).toEqual(["mini", "someone/tiny"]);
  });

  it.each(["model.safetensors", "config.json"])(
    "refuses a %s that is not what the hub describes",
    async (path) => {
      hub.spoiled.add(path);
      const wanted = {
        code: "network",
        message: expect.stringMatching(`${path}: what was downloaded .* is not what the hub`),
      };
      await expect(fetchModel("someone/tiny", options())).rejects.toMatchObject(wanted);
      await expect(openEncoder("someone/tiny", { ...options(), offline: true })).rejects.toMatchObject({
        code: "offline",
      });
      hub.spoiled.delete(path);
      expect((await describeModel("someone/tiny", options())).dimensions).toBe(32);
    },
  );

  it("stops at an abort and keeps what it has", async () => {
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }): void => {
      if (done > 0) controller.abort(new Error("stop"));
    };
    const stopped = fetchModel("someone/tiny", { ...options(), signal: controller.signal, onProgress });
    await expect(stopped).rejects.toThrow("stop");
    expect(await fetchModel("someone/tiny", options())).toContain(hub.commit);
  });

  it("says when there is no such model, no server, or only a pickle", async () => {
    await expect(openEncoder("someone/else", options())).rejects.toMatchObject({ code: "not_found" });
    const unreachable = { ...options(), hubEndpoint: "http://127.0.0.1:9" };
    await expect(openEncoder("someone/tiny", unreachable)).rejects.toMatchObject({ code: "network" });
    await using old = await startHub(
      "someone/old",
      files.filter(({ path }) => path !== "model.safetensors"),
    );
    await expect(openEncoder("someone/old", { cacheFolder, hubEndpoint: old.endpoint })).rejects.toThrow(
      "python -c",
    );
  });

  it("is written owner/name or owner/name@revision", () => {
    expect(parseHubId("BAAI/llm-embedder")).toEqual({ name: "BAAI/llm-embedder", revision: "main" });
    expect(parseHubId("a/b@refs/pr/1")).toEqual({ name: "a/b", revision: "refs/pr/1" });
    for (const text of ["mini", "./a/b", "/a/b", "a/b/c", "../b", "a/b@../../etc", "a/b@", "a\\b"]) {
      expect(parseHubId(text)).toBeUndefined();
    }
  });
});
