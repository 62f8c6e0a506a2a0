/**
 * Public data sets in the layouts of their owners, a few lines each with their oddities, as the owners' code reads or writes them:
 * LLM-Embedder's toy set (FlagOpen/FlagEmbedding), DPR (facebookresearch/DPR, README), MS MARCO (microsoft/
 * MSMARCO-Passage-Ranking, README), SCAI-QReCC 2021 (scai-conf/SCAI-QReCC-21, README), ToolBench (OpenBMB/ToolBench,
 * preprocess/preprocess_retriever_data.py), Multi-Session Chat (facebookresearch/ParlAI, parlai/tasks/msc/agents.py), FLAN
 * (google-research/FLAN, `inputs` and `targets`), Alpaca (tatsu-lab/stanford_alpaca, README), CodeParrot (the card of
 * codeparrot/github-code), Books3 and ArXiv (EleutherAI/the-pile, lines with `text`).
 */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ConverterName,
  type ConvertOptions,
  type ConvertReport,
  convertDataset,
  openRowFile,
} from "#src/dataset/index.js";
import type { Json } from "../../cli/here.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "convert-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, content: string | readonly unknown[]): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  const text =
    typeof content === "string" ? content : content.map((row) => `${JSON.stringify(row)}\n`).join("");
  writeFileSync(path, text);
  return path;
}

async function convert(
  name: ConverterName,
  options: ConvertOptions = {},
  source = folder,
): Promise<{ readonly report: ConvertReport; readonly rows: Json[] }> {
  const out = join(folder, "out/rows.jsonl");
  const report = await convertDataset(name, source, out, options);
  // What is written can be trained on, or scored.
  const rows: Json[] = readFileSync(out, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(rows).toHaveLength(report.kept);
  return { report, rows };
}

describe("llm-embedder", () => {
  it("takes rows as they are, with qid, blank candidates and repeated scores made even", async () => {
    put("tool/toolbench/train.json", [
      { query: "scrape", qid: "49635", pos: ["A", "B"], neg: ["C", " ", "D"], task: "tool" },
    ]);
    put("icl/icl/train.json", [
      {
        query: "x",
        pos: ["p"],
        pos_scores: [-1],
        neg: ["n", ""],
        neg_score: [-2, -3],
        teacher_scores: [-1, -2, -3],
        task: "icl",
      },
    ]);
    put("chat/msc/train.json", [
      {
        history: ["a", "", "b"],
        query: "hello",
        query_id: 0,
        answers: ["hi"],
        teacher_scores: [-1, -2, -3],
        task: "chat",
      },
      { history: [], query: "hello", task: "chat" },
      { history: ["a"], query: " ", task: "chat" },
    ]);
    const tool = await convert("llm-embedder", {}, join(folder, "tool/toolbench"));
    expect(tool.rows).toEqual([
      { query: "scrape", pos: ["A", "B"], neg: ["C", "D"], task: "tool", query_id: "49635" },
    ]);
    const icl = await convert("llm-embedder", {}, join(folder, "icl/icl"));
    expect(icl.rows).toEqual([{ query: "x", pos: ["p"], neg: ["n"], teacher_scores: [-1, -2], task: "icl" }]);
    const chat = await convert("llm-embedder", {}, join(folder, "chat/msc/train.json"));
    expect(chat.report).toMatchObject({ read: 3, kept: 1, dropped: { "no candidates": 1, "no query": 1 } });
    expect(chat.rows[0]).toMatchObject({ history: ["a", "b"], teacher_scores: [-1, -3] });
  });

  it("finds the texts of dev and test rows in the corpus", async () => {
    put("qa/nq/corpus.json", [
      { title: "T", text: "zero" },
      { title: "", text: "one" },
      { title: "U", text: "two" },
    ]);
    put("qa/nq/dev.json", [{ query: "q", query_id: 5, pos_index: [2, 1, 9], answers: ["a"] }]);
    const { rows } = await convert("llm-embedder", { split: "dev" }, join(folder, "qa/nq"));
    expect(rows).toEqual([
      {
        query: "q",
        pos: ["U two", "one"],
        neg: [],
        answers: ["a"],
        task: "qa",
        query_id: 5,
        pos_index: [2, 1],
      },
    ]);
  });

  it("names the sets where the whole bundle is given", async () => {
    put("qa/nq/train.json", []);
    put("chat/msc/train.json", []);
    await expect(convert("llm-embedder")).rejects.toThrow(/name one of qa\/nq, chat\/msc/);
  });

  const toy = resolve(process.env["RETRIEVE_DATA"] ?? "../shared/data", "llm_embedder_toy/toy");
  if (!existsSync(toy)) console.warn(`skipped: ${toy} is not there (set RETRIEVE_DATA)`);
  it.skipIf(!existsSync(toy)).each(["qa", "convsearch", "chat", "lrlm", "icl", "tool"])(
    "reads the authors' own %s rows",
    async (task) => {
      const { report, rows } = await convert("llm-embedder", {}, join(toy, `${task}.json`));
      expect(report).toMatchObject({ read: 8, kept: 8, dropped: {} });
      expect(rows.every((row) => row.task === task)).toBe(true);
      await using opened = await openRowFile(report.out);
      expect(opened.length).toBe(8);
    },
  );
});

describe("nq", () => {
  const passage = (title: string, text: string) => ({
    title,
    text,
    score: 1000,
    title_score: 1,
    passage_id: "1",
  });
  const items = [
    {
      dataset: "nq_train_psgs_w100",
      question: 'who [said] "hi, {you}"',
      answers: ["Ann", "Ann"],
      positive_ctxs: [passage("Greetings", "Ann said it.")],
      negative_ctxs: [passage("", "Far away."), passage("Greetings", "Ann said it.")],
      hard_negative_ctxs: [passage("Hi", "Bob \\ said, it.")],
    },
    { question: "none", answers: ["x"], positive_ctxs: [], negative_ctxs: [], hard_negative_ctxs: [] },
  ];
  const expected = {
    query: 'who [said] "hi, {you}"',
    pos: ["Greetings Ann said it."],
    neg: ["Hi Bob \\ said, it.", "Far away."],
    answers: ["Ann"],
    task: "qa",
    query_id: 0,
  };

  it("reads one array item by item, however it is laid out", async () => {
    for (const text of [
      JSON.stringify(items),
      JSON.stringify(items, null, 4),
      `\ufeff\n ${JSON.stringify(items)}\n`,
    ]) {
      put("biencoder-nq-train.json", text);
      const { report, rows } = await convert("nq");
      expect(report).toMatchObject({ read: 2, kept: 1, dropped: { "no positive passage": 1 } });
      expect(rows).toEqual([expected]);
    }
  });

  it("says where a file is cut off, and which item is broken", async () => {
    put("biencoder-nq-train.json", JSON.stringify(items).slice(0, -20));
    await expect(convert("nq")).rejects.toThrow(/ends before its JSON array does/);
    put("biencoder-nq-train.json", '[{"question": "a"}, {"question": }]');
    await expect(convert("nq")).rejects.toThrow(/item 2: not valid JSON/);
    put("biencoder-nq-train.json", '[{"question": "a", "positive_ctxs": [{"text": "b"}]}] trailing');
    await expect(convert("nq")).rejects.toThrow(/no JSON array/);
  });
});

describe("msmarco", () => {
  beforeEach(() => {
    put("collection.tsv", "0\tzero\n7\tseven\tx\n8\teight\r\n");
    put("queries.train.tsv", "100\twhat is seven\n101\tunjudged\n102\tlost\n");
    put("qrels.train.tsv", "100\t0\t7\t1\n100\t0\t8\t1\n102\t0\t999\t1\n");
  });

  it("joins questions and judged passages, and tells what it drops", async () => {
    const { report, rows } = await convert("msmarco");
    expect(rows).toEqual([
      { query: "what is seven", pos: ["seven", "eight"], neg: [], task: "qa", query_id: "100" },
    ]);
    expect(report.dropped).toEqual({ "no judged passage": 1, "judged passage not in the collection": 1 });
  });

  it("leaves negatives to mining", async () => {
    await expect(convert("msmarco", { negatives: { method: "bm25", count: 5 } })).rejects.toThrow(
      /retrieve mine/,
    );
  });
});

it("qrecc: all turns and the question are the query, true passages the positives", async () => {
  const turn = {
    Conversation_no: 1,
    Turn_no: 2,
    Context: ["Who?", "He."],
    Question: "Why?",
    Truth_answer: "Because.",
  };
  put(
    "scai-qrecc21-training-turns.json",
    JSON.stringify([
      { ...turn, Truth_passages: ["http://a_p1"] },
      { ...turn, Turn_no: 3, Truth_passages: [] },
      { ...turn, Turn_no: 4, Truth_passages: ["http://gone_p0"] },
    ]),
  );
  put("passages/1.jsonl", [{ id: "http://a_p0", contents: "no" }]);
  put("passages/2.jsonl", [{ id: "http://a_p1", contents: "It is so." }]);
  const { report, rows } = await convert("qrecc");
  expect(rows).toEqual([
    {
      query: "Who? He. Why?",
      pos: ["It is so."],
      neg: [],
      answers: ["Because."],
      task: "convsearch",
      query_id: "1_2",
    },
  ]);
  expect(report.dropped).toEqual({ "no true passage": 1, "true passage not among the passages": 1 });
});

it("toolbench: instructions, and APIs in the words of the reference", async () => {
  const api = {
    category_name: "Data",
    tool_name: "Proxy",
    api_name: "Get",
    api_description: "Basic GET",
    required_parameters: [{ name: "url", type: "STRING" }],
    optional_parameters: [],
    template_response: { ok: "bool" },
  };
  const quoted = (value: object): string => `"${JSON.stringify(value).replaceAll('"', '""')}"`;
  put(
    "corpus.tsv",
    `docid\tdocument_content\n1\t${quoted(api)}\n1\t${quoted(api)}\n2\t${quoted({ ...api, api_name: "Put", api_description: "stores some document over there" })}\n`,
  );
  put("train.query.txt", '1\tscrape a page\n1\tscrape a page\n2\t"say ""hi"""\n');
  put("qrels.train.tsv", "1\t0\t1\t1\n2\t0\t9\t1\n");
  const { report, rows } = await convert("toolbench", { negatives: { method: "random", count: 5 } });
  const document = (name: string, description: string): string =>
    `Data, Proxy, ${name}, ${description}, required_params: [{"name": "url", "type": "STRING"}], optional_params: [], return_schema: {"ok": "bool"}`;
  expect(rows).toEqual([
    {
      query: "scrape a page",
      pos: [document("Get", "Basic GET")],
      neg: [document("Put", "stores some document over there")],
      task: "tool",
      query_id: "1",
    },
  ]);
  expect(report).toMatchObject({ read: 2, dropped: { "no API of the corpus is relevant": 1 } });
});

it("msc: replies with all pairs of turns before them, across sessions", async () => {
  const dialog = (...texts: string[]) => ({ dialog: texts.map((text) => ({ text })) });
  put("msc_dialogue/session_2/train.txt", [
    { ...dialog("Only here", "Yes."), previous_dialogs: [dialog("Hi", "Hello")] },
  ]);
  put("msc_dialogue/session_3/train.txt", [
    {
      ...dialog("How is Tern?", "Afloat.", "Good.", "Yes.", "unanswered"),
      previous_dialogs: [dialog("Hi", "Hello", "odd")],
    },
    { ...dialog("First words", "ever"), previous_dialogs: [] },
  ]);
  const { report, rows } = await convert("msc");
  const pairs = ["Speaker 1: Hi\nSpeaker 2: Hello", "Speaker 1: How is Tern?\nSpeaker 2: Afloat."];
  expect(rows).toEqual([
    { query: "Only here", history: pairs.slice(0, 1), answers: ["Yes."], task: "chat" },
    { query: "How is Tern?", history: pairs.slice(0, 1), answers: ["Afloat."], task: "chat" },
    { query: "Good.", history: pairs, answers: ["Yes."], task: "chat" },
  ]);
  expect(report.dropped).toEqual({ "nothing said before": 1 });
  for (const session of [4, 5]) {
    put(`msc_dialogue/session_${session}/test.txt`, [
      { ...dialog(`In session ${session}`, "Yes."), previous_dialogs: [dialog("Hi", "Hello")] },
    ]);
  }
  const test = await convert("msc", { split: "test" });
  expect(test.rows.map(({ query }) => query)).toEqual(["In session 5"]);
});

it("tasks: other instances of the file as unlabelled examples", async () => {
  put("train.jsonl", [
    { input: "Text: good film", output: "Good" },
    { inputs: "Text: bad film", targets: ["Bad", "Poor"] },
    { input: "Text: fine boat", output: "Good" },
    { input: "", output: "x" },
    { input: "no output", output: "" },
    // The layout of Alpaca (tatsu-lab/stanford_alpaca, alpaca_data.json); `input` is empty where there is none.
    { instruction: "Name a boat.", input: "", output: "Tern" },
    { instruction: "Is it good or bad?", input: "dull play", output: "Bad" },
  ]);
  const { report, rows } = await convert("tasks", { negatives: { method: "bm25", count: 1 } });
  expect(rows.map(({ query, pos, answers }) => ({ query, pos, answers }))).toEqual([
    { query: "Text: good film", pos: [], answers: ["Good"] },
    { query: "Text: bad film", pos: [], answers: ["Bad", "Poor"] },
    { query: "Text: fine boat", pos: [], answers: ["Good"] },
    { query: "Name a boat.", pos: [], answers: ["Tern"] },
    { query: "Is it good or bad?\ndull play", pos: [], answers: ["Bad"] },
  ]);
  expect(rows[0].neg).toEqual(["Text: bad film\nBad"]);
  expect(report.dropped).toEqual({ "no query": 1, "no output": 1 });
});

describe("long texts", () => {
  /** Every word is a number, so that a chunk tells where it stood. */
  const words = (count: number): string =>
    Array.from({ length: count }, (_, at) => `${at}`.padStart(5, "0")).join(" ");
  const first = (chunk: string): number => Number(chunk.trim().slice(0, 5));

  function check(rows: Json[]): void {
    expect(rows.length).toBeGreaterThan(1);
    for (const { query, neg, answers, continuations, task } of rows) {
      expect(task).toBe("lrlm");
      expect(neg.length).toBeLessThanOrEqual(64);
      expect(continuations.slice(0, -1)).toEqual(neg.slice(1));
      const places = [...neg, continuations.at(-1), query, answers[0]].map(first);
      expect(places).toEqual(places.toSorted((left, right) => left - right));
      // One chunk stands between the last candidate and the query.
      expect(first(continuations.at(-1))).toBeGreaterThan(first(neg.at(-1)));
      expect(first(query)).toBeGreaterThan(first(continuations.at(-1)));
    }
    expect(rows.at(-1).neg).toHaveLength(64);
  }

  it("give the next chunk as the answer and those far before as candidates", async () => {
    put("books/long.txt", words(30_000));
    put("books/short.txt", "too short");
    const { report, rows } = await convert("long-text", {}, join(folder, "books"));
    check(rows);
    expect(report.dropped).toEqual({ "under 160000 characters": 1 });
  });

  it("are made of the files of a repository, in any order", async () => {
    const half = words(30_000);
    const source = put("code.jsonl", [
      { repo_name: "b/small", path: "x", content: "tiny" },
      { repo_name: "a/large", path: "2.ts", content: half.slice(90_000) },
      { repo_name: "c/small", path: "x", content: "tiny" },
      { repo_name: "a/large", path: "1.ts", content: half.slice(0, 89_999) },
    ]);
    const { report, rows } = await convert("code", {}, source);
    check(rows);
    expect(report.dropped).toEqual({ "under 160000 characters": 2 });
  });
});

describe("jsonl", () => {
  it("takes fields of the usual names, and tells which", async () => {
    const notices: string[] = [];
    const source = put("pairs.jsonl", [
      {
        id: 7,
        question: "when?",
        positive: { title: "Ferry", text: "at nine" },
        negatives: ["at ten", "Ferry at nine"],
        answer: 9,
      },
      { id: 8, question: "where?", positive: "at Marstal" },
      { id: 9, question: "why?" },
    ]);
    const options = {
      negatives: { method: "random", count: 9 },
      onNotice: (notice: string) => notices.push(notice),
    } as const;
    const { report, rows } = await convert("jsonl", options, source);
    expect(rows).toEqual([
      {
        query: "when?",
        pos: ["Ferry at nine"],
        neg: ["at ten", "at Marstal"],
        answers: ["9"],
        task: "qa",
        query_id: 7,
      },
      { query: "where?", pos: ["at Marstal"], neg: ["Ferry at nine"], task: "qa", query_id: 8 },
      { query: "why?", pos: [], neg: expect.any(Array), task: "qa", query_id: 9 },
    ]);
    expect(report.kept).toBe(3);
    expect(notices.join()).toContain(
      'query from "question", pos from "positive", neg from "negatives", answers from "answer"',
    );
  });

  it("names the line that has no query", async () => {
    const source = put("pairs.jsonl", [{ q: "when?", a: "now" }]);
    await expect(convert("jsonl", {}, source)).rejects.toThrow(
      /pairs\.jsonl:1: no query in q, a; wanted one of query/,
    );
  });
});
