import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBenchmark } from "#src/dataset/index.js";
import { type Encoder, openEncoder } from "#src/encoder/index.js";
import {
  evaluateRetrieval,
  evaluateRun,
  type Run,
  rank,
  readRun,
  retrievalMetrics,
  writeRun,
} from "#src/eval/index.js";
import { openCollection } from "#src/retrieve/index.js";
import { openExactStore } from "#src/store/index.js";

const data = resolve(process.env["RETRIEVE_DATA"] ?? "../shared/data");
const withData = existsSync(join(data, "bm25.json"));
if (!withData) console.warn(`skipped: baselines of the data sets, because ${data} is not there`);

let folder: string;
let encoder: Encoder;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "retrieval-"));
  mkdirSync(join(folder, "set/qrels"), { recursive: true });
  const jsonl = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  writeFileSync(join(folder, "set/corpus.jsonl"), jsonl(corpus));
  writeFileSync(join(folder, "set/queries.jsonl"), jsonl(queries));
  writeFileSync(
    join(folder, "set/qrels/dev.tsv"),
    "query-id\tcorpus-id\tscore\nq1\tlamp\t1\nq2\twhale\t1\nq3\ttide\t1\n",
  );
  encoder = await openEncoder("mini", { threads: 1 });
});
afterAll(async () => {
  await encoder.close();
  rmSync(folder, { recursive: true });
});

const corpus = [
  {
    _id: "lamp",
    title: "Lighthouse lamps",
    text: "The keeper trims the wick and winds the clockwork every night.",
  },
  {
    _id: "whale",
    title: "Humpback whales",
    text: "Males sing for hours, and every year the song is another one.",
  },
  { _id: "tide", title: "Tides", text: "The pull of the moon lifts the sea twice a day." },
  { _id: "bread", title: "Sourdough", text: "Flour and water ferment for days before the loaf is baked." },
];
const queries = [
  { _id: "q1", text: "who trims the wick?" },
  { _id: "q2", text: "why do they sing?", history: [{ role: "user", text: "tell me of humpback whales" }] },
  { _id: "q3", text: "why does the ocean rise and fall?" },
];

describe("evaluateRetrieval", () => {
  it("ranks by each method over one encoding, in the shape that is printed", async () => {
    const evaluations = await evaluateRetrieval({
      folder: join(folder, "set"),
      encoder,
      methods: ["bm25", "dense", "hybrid"],
    });
    expect(evaluations.map(({ report }) => [report.method, report.model])).toEqual([
      ["bm25", null],
      ["dense", "mini"],
      ["hybrid", "mini"],
    ]);
    for (const { report } of evaluations) {
      expect(report).toMatchObject({ queries: 3, corpus: 4, split: "dev" });
      expect(Object.keys(report.metrics)).toEqual(retrievalMetrics);
      expect(report.metrics["nDCG@10"]).toBeGreaterThan(0.6);
      expect(report.seconds).toBeGreaterThan(0);
    }
    expect(evaluations[1]?.report.metrics["MRR@10"]).toBe(1);
  });

  it("ranks as a collection ranks for its users", async () => {
    const [evaluation] = await evaluateRetrieval({ folder: join(folder, "set"), encoder });
    await using collection = openCollection({
      store: openExactStore({ dimensions: encoder.dimensions }),
      encoder: async () => encoder,
      task: "qa",
    });
    await collection.put(
      corpus.map(({ _id: id, title, text }) => ({
        id,
        hash: "",
        origin: "",
        documents: [{ id, text: `${title} ${text}`, value: null, source: "", metadata: {} }],
      })),
    );
    const hits = await collection.search("why does the ocean rise and fall?", { topK: 100 });
    expect(evaluation?.run.get("q3")?.map(({ id }) => id)).toEqual(hits.map(({ id }) => id));
  });

  it("gives a run whose file measures the same, and agrees with trec_eval's order", async () => {
    const [evaluation] = await evaluateRetrieval({
      folder: join(folder, "set"),
      encoder,
      methods: ["dense"],
    });
    const { run, report } = evaluation!;
    const path = join(folder, "dense.run");
    await writeRun(path, run, "mini");
    const { qrels } = await readBenchmark(join(folder, "set"));
    const again = evaluateRun(await readRun(path), qrels).mean;
    for (const name of retrievalMetrics)
      expect(again[name]).toBeCloseTo(report.metrics[name] ?? Number.NaN, 5);
    for (const found of run.values()) expect(rank(found)).toEqual(found);
  });

  it("reads as much of the history as it is told", async () => {
    const found = async (history: "last" | "user" | "all"): Promise<string | undefined> => {
      const [evaluation] = await evaluateRetrieval({
        folder: join(folder, "set"),
        encoder,
        methods: ["bm25"],
        history,
        topK: 1,
      });
      return evaluation?.run.get("q2")?.[0]?.id;
    };
    const form = { text: "tide moon", lexical: [{ text: "moon", weight: 1 }] };
    const [own] = await evaluateRetrieval({
      folder: join(folder, "set"),
      encoder,
      methods: ["bm25"],
      history: () => form,
      topK: 1,
    });
    expect([await found("user"), await found("all"), own?.run.get("q2")?.[0]?.id]).toEqual([
      "whale",
      "whale",
      "tide",
    ]);
  });

  it("encodes a corpus once, and again where another encoder, or no whole file, is found", async () => {
    const cacheFolder = join(folder, "cache");
    const encoded: string[] = [];
    const counting = (before: string): Encoder => ({
      ...encoder,
      fingerprint: (task, side) => encoder.fingerprint(task) + (side === "query" ? before : ""),
      encodeDocuments: (texts, options) => {
        encoded.push(`${texts.length} documents`);
        return encoder.encodeDocuments(texts, options);
      },
      encodeQueries: (texts, options) => {
        encoded.push(`${texts.length} queries`);
        return encoder.encodeQueries(
          texts.map((text) => before + text),
          options,
        );
      },
    });
    const run = async (before = ""): Promise<Run | undefined> => {
      encoded.length = 0;
      const options = { folder: join(folder, "set"), encoder: counting(before), cacheFolder };
      return (await evaluateRetrieval(options))[0]?.run;
    };
    const first = await run();
    expect(encoded).toEqual(["4 documents", "3 queries"]);
    expect(await run()).toEqual(first);
    expect(encoded).toEqual([]);

    // Another instruction for queries leaves the documents alone.
    await run("Represent this baking recipe for finding bread: ");
    expect(encoded).toEqual(["3 queries"]);

    for (const name of readdirSync(cacheFolder)) writeFileSync(join(cacheFolder, name), "short");
    expect(await run()).toEqual(first);
    expect(encoded).toEqual(["4 documents", "3 queries"]);
  });

  it("stops when told to", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(evaluateRetrieval({ folder: join(folder, "set"), encoder, signal })).rejects.toThrow(
      "enough",
    );
  });
});

/**
 * BM25 as published in data/README.md: k1 0.9, b 0.4, no stemming. Ours reads identifiers and scripts further, so it
 * may be above; below, 0.02 is the width that other tokenisations of the same formula differ by.
 */
describe.skipIf(!withData)("BM25 reaches the published baselines", () => {
  it.each([
    ["conversation/cast2022", "last", 0.334],
    ["conversation/cast2022", "user", 0.363],
    ["conversation/cast2022", "all", 0.32],
    ["conversation/mtrag_un", "last", 0.69],
    ["conversation/mtrag_un", "user", 0.663],
    ["conversation/mtrag_un", "all", 0.572],
    ["tools/sgd", "last", 0.597],
  ] as const)("%s, history %s", async (name, history, baseline) => {
    const [evaluation] = await evaluateRetrieval({
      folder: join(data, name),
      split: "dev",
      encoder,
      methods: ["bm25"],
      history,
    });
    expect(evaluation?.report.metrics["nDCG@10"]).toBeGreaterThanOrEqual(baseline - 0.02);
  });
});
