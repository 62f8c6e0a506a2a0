/** Benchmarks of knowledge and memory: their prompts, and what counts as right. */

import { describe, expect, it } from "vitest";
import type { LanguageModel } from "#src/llm/index.js";
import { folderWith } from "../../support/benchmark-folder.ts";
import { lossOf, only, recording, run } from "../../support/benchmark-run.ts";
import { bigramModel } from "../../support/bigram-model.ts";

/** A model that writes what it is told to, by the end of its prompt. */
function writing(says: (prompt: string) => string): LanguageModel & { readonly prompts: string[] } {
  const model = recording();
  return {
    ...model,
    async *generate(input) {
      const prompt = "prompt" in input ? input.prompt : "";
      model.prompts.push(prompt);
      yield { type: "text", text: says(prompt) };
      yield { type: "end", reason: "stop", usage: { promptTokens: 1, outputTokens: 1 } };
    },
  };
}

describe("mmlu", () => {
  const question = {
    query: "capital of France ",
    choices: ["Rome", "Paris"],
    subject: "high_school_geography",
    answer: 1,
    query_id: 4,
  };
  const bundle = {
    "test.json": [
      question,
      { ...question, query: "a lazy dog", subject: "virology", query_id: 5, answer: 0 },
    ],
    "corpus.json": [
      { title: "", text: "the lazy dog" },
      { title: "France", text: "the capital of France is Paris" },
    ],
  };

  it("asks for the likeliest letter after the passages, by subject and category", async () => {
    const model = recording();
    const { receipt, results } = only(
      await run("mmlu", folderWith(bundle), { model, methods: ["bm25"], k: 1 }),
    );
    const prompt =
      "Knowledge:\nFrance the capital of France is Paris\n\nThe following are multiple choice questions (with answers) about high school geography.\n\ncapital of France\nA. Rome\nB. Paris\nAnswer:";
    expect(model.prompts[0]).toBe(prompt);
    const chosen = lossOf(prompt, " A") <= lossOf(prompt, " B") ? "A" : "B"; // the first of equals
    expect(results[0]).toMatchObject({
      id: "4",
      group: "high_school_geography",
      output: chosen,
      gold: ["B"],
    });
    const right = results.map(({ metrics }) => metrics["accuracy"] ?? -1);
    expect(receipt.metrics).toEqual({
      accuracy: ((right[0] ?? 0) + (right[1] ?? 0)) / 2,
      "Social sciences": right[0],
      Other: right[1],
    });
  });

  it("leaves the passages out before the question, where the window is small", async () => {
    const model = recording(bigramModel(36));
    await run("mmlu", folderWith(bundle), { model, methods: ["bm25"], k: 2, maxQueries: 1 });
    expect(model.prompts[0]).toMatch(/^(Knowledge:\n.{0,40}\n\n)?The following/);
    expect(model.prompts[0]).not.toContain("lazy");
  });
});

describe("popqa", () => {
  const rows = [
    { query: "Who wrote Emma?", prop_id: 1, possible_answers: ["Jane Austen"], query_id: "a" },
    {
      query: "What is the capital of Italy?",
      prop_id: 2,
      possible_answers: '["Rome", "Roma"]',
      query_id: "b",
    },
    { query: "What is the capital of France?", prop_id: 2, possible_answers: ["Paris"], query_id: "c" },
    { query: "Who?", prop_id: 3, possible_answers: [], query_id: "d" },
  ];
  const folder = (): string =>
    folderWith({ "test.json": rows, "corpus.json": [{ title: "Emma", text: "by Jane Austen" }] });

  it("shows one example of each other relation and looks for any answer in what is written", async () => {
    const model = writing((prompt) =>
      prompt.endsWith("Who wrote Emma? A:") ? "It was JANE austen" : "in roma, I think",
    );
    const { receipt, results } = only(await run("popqa", folder(), { model, methods: ["none"] }));
    expect(model.prompts[0]).toMatch(
      /^Q: What is the capital of (Italy|France)\? A: (Rome|Paris)\n\nQ: Who wrote Emma\? A:$/,
    );
    expect(model.prompts[1]).toBe("Q: Who wrote Emma? A: Jane Austen\n\nQ: What is the capital of Italy? A:");
    // "JANE austen" is neither as it is, nor in lower case, nor capitalised; "roma" is the lower case of an answer.
    expect(results.map(({ metrics }) => metrics["accuracy"])).toEqual([0, 1, 0]);
    expect(receipt).toMatchObject({ queries: 3, excluded: { "without answers": 1 }, headline: "accuracy" });
  });

  it("draws the same examples for the same seed", async () => {
    const prompts = async (seed: number): Promise<string[]> => {
      const model = writing(() => "x");
      await run("popqa", folder(), { model, methods: ["none"], seed });
      return model.prompts;
    };
    expect(await prompts(1)).toEqual(await prompts(1));
  });
});

describe("nq", () => {
  const corpus = [
    { _id: "d1", title: "", text: "The keeper is called Ann." },
    { _id: "d2", title: "", text: "The dog sleeps." },
  ];
  const beir = {
    "corpus.jsonl": corpus,
    "queries.jsonl": [
      { _id: "q1", text: "who is the keeper", metadata: { answers: ["Ann", "Anna"] } },
      { _id: "q2", text: "the dog", metadata: { answer: "cat" } },
      { _id: "q3", text: "nobody", metadata: {} },
      { _id: "t1", text: "shown", metadata: { answer: "example" } },
    ],
    "qrels/dev.tsv": "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\nq3\td2\t1\n",
    "qrels/train.tsv": "query-id\tcorpus-id\tscore\nt1\td1\t1\n",
  };

  it("tells whether the first passages hold an answer", async () => {
    const { receipt } = only(await run("nq", folderWith(beir), { methods: ["bm25"], split: "dev" }));
    expect(receipt.metrics).toMatchObject({ "AnswerRecall@1": 0.5, "AnswerRecall@100": 0.5 });
    expect(receipt).toMatchObject({
      headline: "AnswerRecall@10",
      llm: null,
      excluded: { "without answers": 1 },
    });
  });

  it("shows examples of the train part, and measures exact match and F1 of the best answer", async () => {
    const model = writing((prompt) => (prompt.includes("keeper\n") ? " The Ann. " : "a black cat"));
    const { receipt, results } = only(
      await run("nq", folderWith(beir), { model, methods: ["bm25"], split: "dev", k: 1 }),
    );
    expect(model.prompts[0]).toBe(
      "Knowledge:\nThe keeper is called Ann.\n\nQuestion: shown\nAnswer: example\n\nQuestion: who is the keeper\nAnswer:",
    );
    expect(results.map(({ metrics }) => [metrics["exactMatch"], metrics["F1"]])).toEqual([
      [1, 1],
      [0, 2 / 3],
    ]);
    expect(receipt.headline).toBe("exactMatch");
  });

  it("reads DPR's table with the passages that are named, and refuses questions without any answer", async () => {
    const table = folderWith({
      "nq-test.qas.csv": `who is the keeper\t['Ann', "O'Ann"]\nthe dog\t[]\n`,
      "psgs.json": [{ title: "", text: "Ann" }],
    });
    const { receipt } = only(await run("nq", table, { methods: ["bm25"], corpus: `${table}/psgs.json` }));
    expect(receipt).toMatchObject({ queries: 1, excluded: { "without answers": 1 } });
    const bare = { ...beir, "queries.jsonl": [{ _id: "q1", text: "x" }] };
    await expect(run("nq", folderWith(bare), { split: "dev" })).rejects.toThrow(
      /no query has metadata\.answers/,
    );
    await expect(run("nq", table)).rejects.toThrow(/no passages to search.*--corpus/);
  });
});

describe("memory", () => {
  const turns = ["zinc is grey", "copper is red", "gold is yellow"].map((text, at) => ({
    ...{ id: `t${at}`, speaker: "Ada", text },
  }));
  const folder = (): string =>
    folderWith({
      "conversations.jsonl": [{ _id: "c", sessions: [{ date: "", turns }] }],
      "questions.jsonl": [
        { conversation: "c", question: "What colour is copper?", answer: "red", evidence: ["t1"] },
        { conversation: "c", question: "zinc and gold", answer: "grey, yellow", evidence: ["t0", "t2"] },
        { conversation: "c", question: "lead", evidence: [] },
      ],
    });

  it("tells any and all of the evidence, and with a model the F1 of its answer", async () => {
    const model = writing((prompt) => (prompt.includes("copper?") ? "It is red" : "grey"));
    const [recency, bm25] = await run("memory", folder(), { model, methods: ["recency", "bm25"], k: 1 });
    expect(recency?.results.map(({ retrieved }) => retrieved[0]?.id)).toEqual(["c#t2", "c#t2"]);
    expect(model.prompts[0]).toBe("Ada: gold is yellow\n\nQuestion: What colour is copper?\nAnswer:");
    expect(bm25?.receipt.metrics).toMatchObject({
      "Recall@5": 1,
      "Hit@5": 1,
      "All@5": 1,
      F1: expect.closeTo((0.5 + 2 / 3) / 2, 4),
    });
    expect(bm25?.receipt.excluded).toEqual({ "without evidence": 1 });
  });
});

describe("convsearch", () => {
  it("reads QReCC with its passages, and measures answers by ROUGE-L where there are any", async () => {
    const asked = {
      ...{ Conversation_no: 1, Turn_no: 2, Context: ["Who sails?", "Ann sails."], Question: "What ship?" },
      ...{ Truth_answer: "the Tern", Truth_passages: ["p1"] },
    };
    const folder = folderWith({
      "qrecc_test.json": JSON.stringify([asked, { ...asked, Turn_no: 3, Truth_passages: [] }]),
      "passages.jsonl": [
        { id: "p1", contents: "Ann has a ship, the Tern" },
        { id: "p2", contents: "bread" },
      ],
    });
    const model = writing(() => "the Tern");
    const { receipt, results } = only(await run("convsearch", folder, { model, methods: ["bm25"] }));
    expect(receipt).toMatchObject({ headline: "nDCG@3", queries: 1, excluded: { "without gold": 1 } });
    expect(results[0]?.metrics).toMatchObject({ "nDCG@3": 1, "ROUGE-L": expect.closeTo(1, 6) });
    expect(model.prompts[0]).toMatch(/^Knowledge:\nAnn has a ship.*\n\nQuestion: What ship\?\n\nAnswer:$/s);
  });
});

describe("tool", () => {
  it("reads ToolBench's folder", async () => {
    const tool = JSON.stringify({
      category_name: "Weather",
      tool_name: "Sky",
      api_name: "rain",
      api_description: "rain tomorrow",
    });
    const folder = folderWith({
      "corpus.tsv": `docid\tdocument_content\n1\t"${tool.replaceAll('"', '""')}"\n`,
      "test.query.txt": "7\twill there be rain\n8\tnothing\n",
      "qrels.test.tsv": "7\t0\t1\t1\n",
    });
    const { receipt } = only(await run("tool", folder, { methods: ["bm25"] }));
    expect(receipt).toMatchObject({ queries: 1, corpus: 1, excluded: { "without gold": 1 } });
    expect(receipt.metrics["nDCG@5"]).toBe(1);
  });
});
