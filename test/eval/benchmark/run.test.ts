/** Benchmarks over language models whose probabilities are known: what is asked, what is counted, what is kept. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openCachedModel } from "#src/dataset/index.js";
import { benchmarks, readBenchmarkRun, verifyRun, writeBenchmarkRun } from "#src/eval/index.js";
import type { LanguageModel } from "#src/llm/index.js";
import { folderWith } from "../../support/benchmark-folder.ts";
import { lossOf, only, recording, run } from "../../support/benchmark-run.ts";
import { bigramModel, tokenize } from "../../support/bigram-model.ts";
import { keywordEncoder } from "../../support/keyword-encoder.ts";

describe("msc", () => {
  const chats = [
    {
      query: "Where is the dog",
      answers: ["The dog is there"],
      history: [
        "Speaker 1: I like tea\nSpeaker 2: Me too",
        "Speaker 1: a lazy dog sleeps\nSpeaker 2: Oh",
        "Speaker 1: bye now\nSpeaker 2: bye",
      ],
    },
    { query: "Who", answers: [], history: ["Speaker 1: x\nSpeaker 2: y"] },
  ];

  it("puts the pair that was found before the query and measures the reply by the model's own probabilities", async () => {
    const model = recording();
    const folder = folderWith({ "test.json": chats });
    const runs = await run("msc", folder, { model, methods: ["none", "recency", "bm25"] });
    const [none, recency, bm25] = runs;
    const base = "Speaker 1: Where is the dog\nSpeaker 2:";
    expect(model.prompts).toEqual([
      base,
      `Speaker 1: bye now\nSpeaker 2: bye\n${base}`,
      `Speaker 1: a lazy dog sleeps\nSpeaker 2: Oh\n${base}`,
    ]);
    for (const [at, one] of [none, recency, bm25].entries()) {
      const loss = lossOf(model.prompts[at] ?? "", " The dog is there");
      expect(one?.results[0]?.metrics["nll"]).toBeCloseTo(loss, 10);
      expect(one?.receipt.metrics["perplexity"]).toBeCloseTo(Math.exp(loss), 4);
    }
    expect(none?.receipt).toMatchObject({
      benchmark: "msc",
      headline: "perplexity",
      lowerIsBetter: true,
      queries: 1,
      excluded: { "without answers": 1 },
    });
  });

  it("reads the sessions of ParlAI's files: a reply, and all pairs before it", async () => {
    const turns = (...texts: string[]): object => ({ dialog: texts.map((text) => ({ text })) });
    const session = {
      ...turns("Where is the dog", "The dog is there"),
      previous_dialogs: [turns("tea", "coffee")],
    };
    const model = recording();
    const folder = folderWith({ "session_2/test.txt": [session] });
    const { receipt } = only(await run("msc", folder, { model, methods: ["recency"] }));
    expect(receipt).toMatchObject({ queries: 1, corpus: 1 });
    expect(model.prompts[0]).toBe(
      "Speaker 1: tea\nSpeaker 2: coffee\nSpeaker 1: Where is the dog\nSpeaker 2:",
    );
  });

  it("puts several pairs in the order of the chat, and tries every pair as the oracle", async () => {
    const model = recording();
    const folder = folderWith({ "test.json": chats });
    await run("msc", folder, { model, methods: ["recency"], k: 2 });
    expect(model.prompts[0]).toMatch(/a lazy dog.*\n.*\n.*bye now/s);
    const oracle = only(await run("msc", folder, { model, methods: ["oracle"] }));
    const losses = (chats[0]?.history ?? []).map((pair) =>
      lossOf(`${pair}\nSpeaker 1: Where is the dog\nSpeaker 2:`, " The dog is there"),
    );
    expect(oracle.results[0]?.metrics["nll"]).toBeCloseTo(Math.min(...losses), 10);
  });

  it("asks nothing twice, neither after an interruption nor for another encoder", async () => {
    const folder = folderWith({ "test.json": chats });
    const answers = folderWith({});
    const failing = recording();
    let asked = 0;
    const breaking: LanguageModel = {
      ...failing,
      score: async (prompt, continuations) => {
        if (asked++ === 1) throw new Error("the server went away");
        return (await failing.score?.(prompt, continuations)) ?? [];
      },
    };
    const methods = ["none", "recency", "bm25"] as const;
    await expect(run("msc", folder, { model: breaking, answers, methods })).rejects.toThrow(/went away/);
    expect(failing.prompts).toHaveLength(1);
    const resumed = recording();
    await run("msc", folder, { model: resumed, answers, methods });
    expect(resumed.prompts).toHaveLength(2);
    const again = recording();
    await run("msc", folder, {
      model: again,
      answers,
      methods: ["bm25", "dense"],
      encoder: keywordEncoder(),
    });
    expect(again.prompts.filter((prompt) => prompt.includes("lazy"))).toHaveLength(0);
  });
});

describe("lrlm", () => {
  /** Chunks of four tokens (` w1 w2 w3 w4`), so that every piece can be told. */
  const text = Array.from({ length: 40 }, (_, chunk) =>
    ["a", "b", "c", "d"]
      .map((word) => ` ${word}${"xyzw"[chunk % 4]}${"klmnopqrst"[Math.floor(chunk / 4)]}`)
      .join(""),
  ).join("");
  const cut = { window: 16, target: 8, chunk: 4, k: 2 };
  const pieces = tokenize(text);
  const chunk = (at: number): string => pieces.slice(4 * at, 4 * at + 4).join("");
  const chunks = (from: number, to: number): string => pieces.slice(4 * from, 4 * to).join("");

  it("predicts the last chunks from the window, with what was found before it in the order of the text", async () => {
    const model = recording();
    const folder = folderWith({ "test.json": [{ text }, { text: " too short" }] });
    const [none, recency] = await run("lrlm", folder, { model, methods: ["none", "recency"], ...cut });
    // Chunk 39 ends the text and may be cut as the end is; 36 to 39 are the window, 38 and 39 the target, or one earlier.
    const last = (none?.results.length ?? 0) === 2 ? Number(none?.results[1]?.id.split("#")[1]) : Number.NaN;
    expect([38, 39]).toContain(last);
    const first = last - 3;
    expect(model.prompts.slice(0, 2)).toEqual([chunks(first, last - 1), chunks(first, last)]);
    expect(model.prompts.slice(2)).toEqual([chunks(first - 4, last - 1), chunks(first - 4, last)]);
    const losses = model.prompts.slice(0, 2).map((prompt, at) => lossOf(prompt, chunk(last - 1 + at)));
    expect(none?.receipt.metrics["nll"]).toBeCloseTo(((losses[0] ?? 0) + (losses[1] ?? 0)) / 2, 4);
    expect(none?.receipt.excluded).toEqual({ "texts too short": 1 });
    expect(recency?.receipt.corpus).toBe(first - 1);
  });

  it("brings each found chunk with its next one, once, and can put them in the place of the window's oldest", async () => {
    const model = recording();
    const folder = folderWith({ "test.json": [{ text }] });
    const asked = { model, methods: ["random"], ...cut } as const;
    await run("lrlm", folder, { ...asked, k: 1 });
    await run("lrlm", folder, { ...asked, k: 1, integrate: "replace" });
    const [concat = "", , replace = ""] = model.prompts;
    expect(tokenize(concat).length).toBe(4 * (2 + 2));
    expect(tokenize(replace).length).toBe(4 * (2 + 1));
  });

  it("knows its data by the texts, however they are cut", async () => {
    const folder = folderWith({ "test.json": [{ text }] });
    const hash = async (cuts: object): Promise<string> =>
      only(await run("lrlm", folder, { model: recording(), methods: ["none"], ...cuts })).receipt.data.sha256;
    expect(await hash({ ...cut, window: 20 })).toBe(await hash(cut));
  });

  it.each([[{ window: 16, target: 16, chunk: 4 }], [{ window: 15, target: 8, chunk: 4 }]])(
    "refuses %j",
    async (wrong) => {
      const folder = folderWith({ "test.json": [{ text }] });
      await expect(run("lrlm", folder, { model: bigramModel(), ...wrong })).rejects.toThrow(
        /multiples of the chunk/,
      );
    },
  );
});

describe("icl", () => {
  const pool = [
    { input: "the lazy dog", output: "animal", options: ["animal", "city"] },
    { input: "Paris in France", output: "city", options: ["animal", "city"] },
    { input: "Rome in Italy", output: "city", options: ["animal", "city"] },
  ];
  const tests = [
    { input: "a little dog", output: "animal", options: ["animal", "city"] },
    { input: "capital of Italy", output: "city", options: ["animal", "city"] },
    { input: "nothing", output: "", options: ["animal", "city"] },
  ];

  it("puts the most relevant example next to the question, drops the least relevant, and compares options", async () => {
    const model = recording();
    const folder = folderWith({ "train.jsonl": pool, "test.jsonl": tests });
    const { receipt, results } = only(await run("icl", folder, { model, methods: ["bm25"], shots: 2 }));
    expect(model.prompts[0]).toMatch(/the lazy dog\nanimal\na little dog\n$/);
    expect(results.map(({ output }) => output)).toHaveLength(2);
    const best = ["animal", "city"].toSorted(
      (left, right) =>
        lossOf(model.prompts[0] ?? "", ` ${left}`) - lossOf(model.prompts[0] ?? "", ` ${right}`),
    )[0];
    expect(results[0]?.output).toBe(best);
    expect(receipt.excluded).toEqual({ "without answers": 1 });
    const small = recording();
    await run("icl", folder, { model: small, methods: ["bm25"], shots: 2, context: 16 });
    expect(small.prompts[0]).toBe("the lazy dog\nanimal\na little dog\n");
  });

  it("leaves a question out that is longer than the window, and counts it", async () => {
    const long = { ...tests[0], input: "dog ".repeat(300) };
    const folder = folderWith({ "train.jsonl": pool, "test.jsonl": [tests[0], long] });
    const { receipt } = only(await run("icl", folder, { model: bigramModel(200), methods: ["none"] }));
    expect([receipt.queries, receipt.excluded]).toEqual([1, { "longer than the window": 1 }]);
  });

  it("knows the paper's tasks in the bundle: F1 over the task, means over tasks and categories", async () => {
    const bundle = {
      "corpus.json": [{ contents: "the lazy dog\n1", task_name: "multirc" }],
      "test.json": [
        { task_name: "multirc", query: "dog", answers: ["1"], options: ["0", "1"] },
        { task_name: "multirc", query: "fox", answers: ["0"], options: ["0", "1"] },
        { task_name: "copa", query: "one", answers: ["two"], options: ["two", "three"] },
      ],
    };
    const { receipt, results } = only(
      await run("icl", folderWith(bundle), { model: bigramModel(), methods: ["none"] }),
    );
    const said = results.filter(({ group }) => group === "multirc").map(({ output }) => output);
    const both = said[0] === "1" ? 1 : 0;
    const positives = said.filter((one) => one === "1").length;
    expect(receipt.groups?.["multirc"]?.["score"]).toBeCloseTo((2 * both) / (positives + 1), 5);
    expect(Object.keys(receipt.metrics)).toEqual(["score", "Reading", "Commonsense"]);
    const unknown = { ...bundle, "test.json": [{ task_name: "poem", query: "x", answers: ["y"] }] };
    await expect(run("icl", folderWith(unknown), { model: bigramModel() })).rejects.toThrow(
      /test\.json:1.*poem/,
    );
  });
});

describe("rankings", () => {
  const corpus = [
    { _id: "d1", title: "", text: "the lazy dog" },
    { _id: "d2", title: "", text: "Paris in France" },
  ];
  const beir = (qrels: string): Record<string, readonly unknown[] | string> => ({
    "corpus.jsonl": corpus,
    "queries.jsonl": [
      { _id: "q1", text: "dog" },
      { _id: "q2", text: "France" },
      { _id: "q3", text: "nobody judged it" },
    ],
    "qrels/test.tsv": `query-id\tcorpus-id\tscore\n${qrels}`,
  });

  it("reads a BEIR folder; queries without gold are counted and never NaN", async () => {
    const folder = folderWith(beir("q1\td1\t1\nq2\td1\t1\nq3\td1\t0\nq9\td1\t1\n"));
    const { receipt, results } = only(await run("beir", folder, { methods: ["bm25"] }));
    expect(receipt.queries).toBe(2);
    expect(receipt.excluded).toEqual({ "without gold": 1, "judged but not among the queries": 1 });
    expect(receipt.metrics["nDCG@10"]).toBeCloseTo(0.5, 5);
    expect(results[0]).toMatchObject({
      id: "q1",
      gold: ["d1"],
      retrieved: [{ id: "d1", text: "the lazy dog" }],
    });
    expect(receipt.llm).toBeNull();
  });

  it("reads the bundle: positions in the corpus as gold, the headline of ToolLLM", async () => {
    const folder = folderWith({
      "corpus.json": [{ text: "the lazy dog" }, { text: "Paris in France" }],
      "test.json": [
        { qid: "a", query: "France", pos_index: [1] },
        { qid: "b", query: "x", pos_index: [] },
      ],
    });
    const { receipt } = only(await run("tool", folder, { methods: ["bm25"] }));
    expect([receipt.headline, receipt.metrics["nDCG@5"], receipt.excluded]).toEqual([
      "nDCG@5",
      1,
      { "without gold": 1 },
    ]);
  });

  it.each([
    [[{ qid: "a", query: "x", pos_index: [7] }], /test\.json:1.*pos_index.*7.*0 to 1/],
    [
      [
        { qid: "a", query: "x", pos_index: [0] },
        { qid: "a", query: "y", pos_index: [0] },
      ],
      /test\.json:2.*twice/,
    ],
    [[{ qid: "a", query: "x" }], /no query is left.*1 without gold/],
  ])("refuses %j", async (rows, message) => {
    const folder = folderWith({ "corpus.json": [{ text: "a" }, { text: "b" }], "test.json": rows });
    await expect(run("tool", folder)).rejects.toThrow(message);
  });

  it("has gold as its oracle, random records by the seed, and no recency without time", async () => {
    const folder = folderWith(beir("q1\td1\t1\nq2\td1\t1\n"));
    const [oracle, random] = await run("beir", folder, { methods: ["oracle", "random"], seed: 5 });
    expect(oracle?.receipt.metrics["nDCG@10"]).toBe(1);
    const again = await run("beir", folder, { methods: ["random"], seed: 5 });
    expect(again[0]?.results).toEqual(random?.results);
    await expect(run("beir", folder, { methods: ["recency"] })).rejects.toThrow(/no order in time/);
  });
});

describe("receipts", () => {
  const chats = [
    { query: "Where is the dog", answers: ["The dog is there"], history: ["a lazy dog", "One, two"] },
    { query: "capital of Italy", answers: ["Rome"], history: ["Paris", "Rome is the capital of Italy"] },
  ];

  async function written(): Promise<{ readonly data: string; readonly file: string; readonly out: string }> {
    const data = folderWith({ "test.json": chats });
    const out = folderWith({});
    const one = only(await run("msc", data, { model: bigramModel(), methods: ["dense"], seed: 3 }));
    return { data, out, file: await writeBenchmarkRun(out, one) };
  }

  it("carry data, model, language model, version, configuration, seed and machine", async () => {
    const { file, out } = await written();
    const receipt = JSON.parse(readFileSync(file, "utf8"));
    expect(receipt).toMatchObject({ seed: 3, config: { k: 1, context: 2048, task: "chat" }, format: 1 });
    expect(receipt.data.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(receipt.system.fingerprint).toBe(keywordEncoder().fingerprint("chat"));
    expect(receipt.llm).toBe(bigramModel().name);
    expect(receipt.machine).toContain(process.versions.node);
    expect(readdirSync(out).every((name) => /\.jsonl?$/.test(name))).toBe(true);
    expect(existsSync(file.replace(".json", ".jsonl"))).toBe(true);
  });

  async function verify(file: string, model = bigramModel()): ReturnType<typeof verifyRun> {
    const benchmark = benchmarks.find(({ name }) => name === "msc");
    if (benchmark === undefined) throw new Error("no msc");
    await using cached = await openCachedModel(model, folderWith({}));
    return await verifyRun(await readBenchmarkRun(file), {
      benchmark,
      encoder: keywordEncoder(),
      model: cached,
    });
  }

  it("hold when they are measured again", async () => {
    const { file } = await written();
    expect(await verify(file)).toEqual({ holds: true, sampled: 2, differences: [] });
  });

  it("do not hold with other data, other results, other means", async () => {
    const { file, data } = await written();
    const { writeFileSync } = await import("node:fs");
    const results = file.replace(".json", ".jsonl");
    const original = readFileSync(results, "utf8");
    writeFileSync(results, original.replace(/"nll":[\d.]+/, '"nll":0.5'));
    const forged = await verify(file);
    expect(forged.holds).toBe(false);
    expect(forged.differences.join("\n")).toMatch(/nll: was 0\.5[\s\S]*mean nll/);
    writeFileSync(results, original);
    writeFileSync(
      join(data, "test.json"),
      chats.map((row) => `${JSON.stringify({ ...row, extra: 1, history: ["b"] })}\n`).join(""),
    );
    expect((await verify(file)).differences[0]).toMatch(/data \(SHA-256\)/);
  });

  it("are told from other files", async () => {
    const folder = folderWith({ "a.json": "{}", "b.json": '{"format":2,"benchmark":"msc","system":{}}' });
    await expect(readBenchmarkRun(join(folder, "a.json"))).rejects.toThrow(/not a receipt/);
    await expect(readBenchmarkRun(join(folder, "b.json"))).rejects.toThrow(/format 2/);
    await expect(readBenchmarkRun(join(folder, "c.json"))).rejects.toThrow(/no such file/);
  });
});

describe("bad input", () => {
  it("names the missing split, and a benchmark that wants a language model", async () => {
    const folder = folderWith({ "dev.json": [] });
    await expect(run("msc", folder, { model: bigramModel() })).rejects.toThrow(/test\.json/);
    await expect(run("msc", folder)).rejects.toThrow(/--llm/);
  });
});
