import { describe, expect, it } from "vitest";
import { readNq } from "#src/dataset/index.js";
import { folderWith } from "../../support/benchmark-folder.ts";

describe("readNq", () => {
  it.each(["nq-test.qas.csv", "nq-test.qa.csv", "nq-test.csv"])("reads DPR's table %s", async (name) => {
    const folder = folderWith({
      [name]: `when does the ferry leave\t['at nine', "nine o'clock"]\nwho said "hi, you"\t"[""Ann"", 'Bob']"\nwhy is that\t[]\n`,
    });
    expect(await readNq(folder, { split: "test" })).toEqual([
      { id: "0", question: "when does the ferry leave", answers: ["at nine", "nine o'clock"] },
      { id: "1", question: 'who said "hi, you"', answers: ["Ann", "Bob"] },
      { id: "2", question: "why is that", answers: [] },
    ]);
  });

  it("reads the bundle's lines, with the passages that answer", async () => {
    const folder = folderWith({
      "dev.json": [
        { query: "q", query_id: 5, answers: ["a", 1969], pos_index: [2, 9], task: "qa" },
        { query: "r" },
      ],
    });
    expect(await readNq(folder, { split: "dev" })).toEqual([
      {
        id: "5",
        question: "q",
        answers: ["a", "1969"],
        gold: new Map([
          ["2", 1],
          ["9", 1],
        ]),
      },
      { id: "1", question: "r", answers: [] },
    ]);
  });

  it.each([
    [
      "nq-test.csv",
      "q\t['a']\n\nno tab here\n",
      /nq-test\.csv:3: got "no tab here"; wanted a question, a tab/,
    ],
    ["nq-test.csv", "q\t['a']\nr\t__import__('os')\n", /nq-test\.csv:2: got __import__/],
    ["test.json", '{"query": "q"}\n{"query"}\n', /test\.json:2/],
    ["test.json", '{"answers": []}\n', /test\.json:1: "query" is absent/],
    ["test.json", '{"query": "q", "pos_index": [-1]}\n', /test\.json:1: "pos_index" has -1/],
    [
      "test.json",
      '{"query": "q", "query_id": 1}\n{"query": "r", "query_id": "1"}\n',
      /test\.json:2: question "1" comes twice/,
    ],
  ])("names the line of a fault in %s", async (name, text, message) => {
    await expect(readNq(folderWith({ [name]: text }), { split: "test" })).rejects.toThrow(message);
  });

  it("says what a missing split could be called", async () => {
    await expect(readNq(folderWith({ "test.json": [] }), { split: "dev" })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/holds none of dev\.json, nq-dev\.qas\.csv/),
    });
  });
});
