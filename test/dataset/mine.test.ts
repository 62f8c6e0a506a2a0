import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type MineOptions, mineNegatives } from "#src/dataset/index.js";
import type { Json } from "../cli/here.ts";
import { keywordEncoder } from "../support/keyword-encoder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mine-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const place = (name: string): string => join(folder, name);

function write(name: string, rows: readonly (object | string)[]): string {
  writeFileSync(
    place(name),
    rows.map((row) => `${typeof row === "string" ? row : JSON.stringify(row)}\n`).join(""),
  );
  return place(name);
}

/** Cosine with the query "a b c d", by shared words: 1, .75, .5, .25. */
const corpus = [
  { _id: "full", text: "d c b a" },
  { _id: "three", text: "a b c x" },
  { id: "two", title: "a", text: "b y z" },
  { _id: "one", text: "a u v w" },
  { _id: "none", text: "k l m n" },
];
const row = { query: "a b c d", pos: ["d c b a"], neg: [], task: "qa" };
// Axes enough that no two words share one.
const encoder = keywordEncoder({ dimensions: 4096 });

type Given = Partial<MineOptions> & {
  readonly docs?: readonly object[];
  readonly lines?: readonly (object | string)[];
};

async function mine({ docs = corpus, lines = [row], ...options }: Given = {}): Promise<Json[]> {
  const rows = write("rows.jsonl", lines);
  const files = { rows, corpus: write("corpus.jsonl", docs), out: place("out.jsonl") };
  const report = await mineNegatives({ ...files, method: "dense", encoder, ...options });
  const mined: Json[] = readFileSync(files.out, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(report).toEqual({
    rows: mined.length,
    negatives: mined.reduce((sum, { neg = [] }) => sum + neg.length, 0),
    seconds: expect.any(Number),
  });
  expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
  return mined;
}

const indexOf = async (options?: Given): Promise<number[]> => (await mine(options))[0].neg_index;

describe("candidates", () => {
  it("are the nearest by vectors, with title and text, the positive left out by its text", async () => {
    expect(await mine({ negatives: 3 })).toEqual([
      { ...row, neg: ["a b c x", "a b y z", "a u v w"], neg_index: [1, 2, 3] },
    ]);
  });

  it("are the nearest by BM25, which finds only what shares a word", async () => {
    expect(await indexOf({ method: "bm25" })).toEqual([1, 2, 3]);
  });

  it("are the nearest by both", async () => {
    expect(await indexOf({ method: "hybrid", negatives: 3 })).toEqual([1, 2, 3]);
  });

  it("are random: other ones for another seed, the same for the same, one choice a row", async () => {
    const lines = Array.from({ length: 20 }, () => row);
    const drawn = async (seed: number) =>
      (await mine({ method: "random", negatives: 1, seed, lines })).map(({ neg_index }) => neg_index[0]);
    const first = await drawn(1);
    expect(new Set(first)).toEqual(new Set([1, 2, 3, 4]));
    expect(await drawn(1)).toEqual(first);
    expect(await drawn(2)).not.toEqual(first);
  });

  it("reach as deep as they are asked to, and begin below the nearest", async () => {
    expect(await indexOf({ topK: 2 })).toEqual([1, 2]);
    expect(await indexOf({ topK: 3, skip: 1 })).toEqual([2, 3]);
  });

  it("are picked at random within the window", async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 30; seed++) {
      seen.add(`${await indexOf({ method: "bm25", topK: 3, skip: 1, pick: "random", negatives: 1, seed })}`);
    }
    expect([...seen].sort()).toEqual(["2", "3"]);
  });

  it("have no empty texts", async () => {
    const docs = [...corpus, { _id: "empty", text: " " }];
    expect(await indexOf({ docs, method: "random" })).toHaveLength(4);
    expect(await indexOf({ docs })).toHaveLength(4);
  });
});

describe("what may answer the query", () => {
  it("is no negative: by place, by id, by judgements, by text", async () => {
    expect(await indexOf({ lines: [{ ...row, pos_index: [1] }], negatives: 1 })).toEqual([2]);
    expect(await indexOf({ lines: [{ ...row, pos_index: ["three"] }], negatives: 1 })).toEqual([2]);
    const qrels = place("qrels.tsv");
    writeFileSync(qrels, "query-id\tcorpus-id\tscore\n7\tthree\t1\n7\ttwo\t0\n");
    expect(await indexOf({ lines: [{ ...row, query_id: 7 }], qrels, negatives: 1 })).toEqual([2]);
    const docs = [...corpus, { _id: "again", text: "D, c; b… a!" }];
    expect(await indexOf({ docs, negatives: 1 })).toEqual([1]);
  });

  it("and says what another negative says, is none either", async () => {
    const docs = [...corpus, { _id: "again", text: "A b C x." }];
    expect(await indexOf({ docs, negatives: 2 })).toEqual([1, 2]);
  });

  it("is no negative where it contains an answer", async () => {
    const answered = (...answers: string[]) => ({ lines: [{ ...row, answers }], filterAnswers: true });
    expect(await indexOf(answered("C X", "q"))).toEqual([2, 3, 4]);
    expect(await indexOf(answered("b"))).toEqual([3, 4]);
    expect(await indexOf({ ...answered("b"), filterAnswers: false })).toEqual([1, 2, 3, 4]);
    const docs = [...corpus, { _id: "sign", text: "a (b) costs 5$+" }, { _id: "han", text: "東京都に住む" }];
    expect(await indexOf({ docs, ...answered("5$+", "京都") })).toEqual([1, 2, 3, 4]);
    expect(await indexOf({ docs, ...answered("cost") })).toContain(5); // no whole word
  });

  it("is no negative where it scores too near to the positive", async () => {
    expect(await indexOf({ margin: 0.2 })).toEqual([1, 2, 3, 4]); // below .8
    expect(await indexOf({ margin: 0.3 })).toEqual([2, 3, 4]); // below .7
    expect(await indexOf({ share: 0.5 })).toEqual([3, 4]); // below .5, where "two" is
    expect(await indexOf({ share: 0.9, margin: 0.6 })).toEqual([3, 4]); // below .4
  });

  it("is measured against the best positive, also where it is too far to be a candidate", async () => {
    const far = { ...row, pos: ["k l m n", "a u v w"] };
    for (const method of ["dense", "bm25", "hybrid"] as const) {
      // The better positive has one word of the query: every other text has more.
      expect((await mine({ lines: [far], method, margin: 0, topK: 1 }))[0].neg).toEqual([]);
      expect((await mine({ lines: [far], method, topK: 1 }))[0].neg).toEqual(["d c b a"]);
    }
  });

  it("has no margin where no positive is in the corpus, which is told", async () => {
    const notices: string[] = [];
    const lines = [{ ...row, pos: ["elsewhere"] }];
    expect(
      await indexOf({ lines, margin: 0.9, negatives: 1, onNotice: (notice) => notices.push(notice) }),
    ).toEqual([0]);
    expect(notices).toEqual([expect.stringMatching(/1 rows were mined without a margin/)]);
  });
});

describe("rows", () => {
  it("keep the negatives they have, which do not come again", async () => {
    const lines = [
      { ...row, neg: ["A B C X"], neg_index: ["three"] },
      { ...row, neg: ["A B C X"] },
    ];
    expect(await mine({ lines, negatives: 1 })).toEqual([
      { ...row, neg: ["A B C X", "a b y z"], neg_index: ["three", 2] },
      { ...row, neg: ["A B C X", "a b y z"] },
    ]);
    expect((await mine({ lines, negatives: 1, replace: true }))[1]).toEqual({
      ...row,
      neg: ["a b c x"],
      neg_index: [1],
    });
  });

  it("lose scores that no longer fit, and keep fields that are not ours", async () => {
    const notices: string[] = [];
    const scores = { teacher_scores: [1], teacher_scores_mean: [1], teacher: { name: "contains" } };
    const others = { pos_scores: [1], neg_score: [], continuations: ["next"] };
    const lines = [{ ...row, ...scores, ...others, prompt: "p" }];
    const [mined] = await mine({ lines, negatives: 1, onNotice: (notice) => notices.push(notice) });
    expect(mined).toEqual({ ...row, neg: ["a b c x"], neg_index: [1], prompt: "p" });
    expect(notices).toEqual([expect.stringMatching(/1 rows lost their scores/)]);
  });

  it("without labelled positives stay as they are; few negatives are told", async () => {
    const notices: string[] = [];
    const chat = { query: "q", history: ["a", "b"], teacher_scores: [1, 2], task: "chat" };
    const text = { query: "q", pos: [], neg: ["a"], teacher_scores: [1] };
    const mined = await mine({ lines: [chat, text, row], onNotice: (notice) => notices.push(notice) });
    expect(mined.slice(0, 2)).toEqual([chat, text]);
    expect(notices).toEqual([
      expect.stringMatching(/2 rows list no positive/),
      expect.stringMatching(/1 rows got fewer than 15 new negatives/),
    ]);
  });

  it("are encoded in batches under the task of the first, each query once", async () => {
    const asked: number[] = [];
    const counting = keywordEncoder({
      dimensions: 4096,
      onEncode: (side, texts) => void (side === "query" && asked.push(texts.length)),
    });
    const lines = Array.from({ length: 300 }, (_, at) => ({
      ...row,
      query: `a b c ${at % 200}`,
      task: "tool",
    }));
    await mine({ lines, encoder: counting, negatives: 1 });
    expect(asked).toEqual([200, 44]); // 256 rows, then 44
  });
});

describe("a run that was cut off", () => {
  const lines = Array.from({ length: 600 }, (_, at) => ({
    ...row,
    query: `a b ${at % 7} ${at % 11}`,
    query_id: at,
  }));

  async function cutOff(options: Given = {}): Promise<string> {
    const stop = new AbortController();
    const onProgress = ({ unit }: { unit: string }): void => void (unit === "rows" && stop.abort());
    await expect(mine({ lines, negatives: 2, onProgress, signal: stop.signal, ...options })).rejects.toThrow(
      /abort/i,
    );
    expect(existsSync(place("out.jsonl"))).toBe(false);
    const [partial = "none"] = readdirSync(folder).filter((name) => name.endsWith(".partial"));
    return place(partial);
  }

  it.each(["dense", "random"] as const)("goes on where it was, to the same file: %s", async (method) => {
    const whole = await mine({ lines, negatives: 2, method, seed: 3 });
    rmSync(place("out.jsonl"));
    const partial = await cutOff({ method, seed: 3 });
    appendFileSync(partial, '{"query":"torn');
    const asked: string[] = [];
    const counting = keywordEncoder({
      dimensions: 4096,
      onEncode: (side, texts) => void (side === "query" && asked.push(...texts)),
    });
    const notices: string[] = [];
    const onNotice = (notice: string): void => void notices.push(notice);
    expect(await mine({ lines, negatives: 2, method, seed: 3, encoder: counting, onNotice })).toEqual(whole);
    expect(notices[0]).toMatch(/out\.jsonl: goes on after 256 rows/);
    if (method === "dense") expect(asked.length).toBe(2 * 77); // two batches left, 7 · 11 different queries
  });

  it("does not go on under other parameters, or when its input has changed; what it left is told", async () => {
    const partial = await cutOff();
    const left = readFileSync(partial, "utf8");
    const notices: string[] = [];
    const changed = { negatives: 1, onNotice: (notice: string) => void notices.push(notice) };
    const files = { rows: place("rows.jsonl"), corpus: place("corpus.jsonl"), out: place("out.jsonl") };
    await mineNegatives({ ...files, method: "dense", encoder, ...changed });
    expect(notices).toEqual([expect.stringMatching(/\.partial: left by a run with other parameters/)]);
    write("corpus.jsonl", corpus.slice(1));
    await mineNegatives({ ...files, method: "dense", encoder, ...changed, negatives: 2 });
    expect(notices).toHaveLength(2);
    expect(readFileSync(partial, "utf8")).toBe(left);
  });
});

describe("bad input", () => {
  it.each<[string, Given, string, RegExp]>([
    [
      "a misaligned row",
      { lines: [row, { ...row, teacher_scores: [] }] },
      "invalid_data",
      /rows\.jsonl:2: "teacher_scores"/,
    ],
    [
      "a truncated row",
      { lines: [row, '{"query": "a", "pos": ["b'] },
      "invalid_data",
      /rows\.jsonl:2: not valid JSON/,
    ],
    ["no rows", { lines: [] }, "invalid_data", /rows\.jsonl: no rows/],
    ["no documents", { docs: [] }, "invalid_data", /corpus\.jsonl: no documents/],
    ["a document without text", { docs: [{ _id: "a" }] }, "invalid_data", /corpus\.jsonl:1/],
    ["a missing file", { qrels: "none.tsv" }, "not_found", /none\.tsv/],
    ["a depth of nothing", { topK: 0 }, "invalid_argument", /topK: got 0/],
    ["a window of nothing", { topK: 5, skip: 5 }, "invalid_argument", /skip: got 5/],
    ["no negatives", { negatives: 0 }, "invalid_argument", /negatives: got 0/],
    ["a margin below zero", { margin: -1 }, "invalid_argument", /margin: got -1/],
    ["a share above one", { share: 95 }, "invalid_argument", /share: got 95/],
    ["a margin for random candidates", { method: "random", share: 0.9 }, "invalid_argument", /no score/],
  ])("refuses %s, and leaves no file", async (_, given, code, message) => {
    await expect(mine(given)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(readdirSync(folder).filter((name) => name.startsWith("out.jsonl"))).toEqual([]);
  });

  it("refuses vectors without an encoder, and a folder in the place of the file", async () => {
    const files = { rows: write("rows.jsonl", [row]), corpus: write("corpus.jsonl", corpus) };
    await expect(mineNegatives({ ...files, out: place("out.jsonl") })).rejects.toThrow(
      /hybrid needs an encoder/,
    );
    mkdirSync(place("there"));
    await expect(mineNegatives({ ...files, out: place("there"), method: "bm25" })).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });
});
