/** Teachers that need no language model, each named in the rows. */

import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { containment, externalScores, sameLabel, similarity } from "#src/dataset/index.js";
import { keywordEncoder } from "../../support/keyword-encoder.ts";
import { Folder } from "./here.ts";

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

describe("answer containment", () => {
  const qa = { query: "q", pos: ["p"], task: "qa" };

  it.each([
    ["Paris", "It is in PARIS.", 1],
    ["Paris", "Parisians live there", 0],
    ["New York", "in New\n York, he said", 1],
    ["he", "the other", 0],
    ["C++ (1985)", "written in c++ (1985)", 1],
    ["42", "it was 1942", 0],
    ["1.5", "1x5", 0],
    ["北京", "首都是北京市", 1],
  ])("%j in %j: %d", async (answer, candidate, score) => {
    const { rows, report } = await folder.score(containment, [
      { ...qa, neg: [candidate], answers: ["zzz", answer] },
    ]);
    expect(rows[0].teacher_scores).toEqual([0, score]);
    expect(rows[0].teacher).toEqual({ name: "contains" });
    expect(report).toMatchObject({ rows: 1, scored: 2, cached: 0, tokens: 0 });
  });

  it("is for questions alone, and leaves out rows without answers", async () => {
    await expect(folder.score(containment, [{ ...qa, task: "icl" }])).rejects.toThrow(
      "teacher contains: got rows of task icl, wanted qa or convsearch",
    );
    const { rows, notices } = await folder.score(containment, [qa, { ...qa, answers: ["p"] }]);
    expect(rows).toHaveLength(1);
    expect(notices[0]).toMatch(/^1 rows are left out: 1 without answers/);
  });
});

it("gives an example with the expected output 1, whatever lines it has", async () => {
  const row = {
    query: "Text: fine",
    pos: ["Text: good\nGood"],
    neg: ["Text: Good\nBad", "Good", "x\nNot Good", "Text: great\nGood\n", "x\ngood"],
    answers: ["Good"],
    task: "icl",
  };
  const { rows } = await folder.score(sameLabel, [row, { ...row, answers: ["a\nb"], neg: ["x\na\nb"] }]);
  expect(rows.map(({ teacher_scores }) => teacher_scores)).toEqual([
    [1, 0, 0, 0, 1, 0],
    [0, 1],
  ]);
  expect(rows[0].teacher).toEqual({ name: "same-label" });
  await expect(folder.score(sameLabel, [{ ...row, task: "qa" }])).rejects.toThrow("wanted icl");
});

it("takes the cosine of another encoder, of any task, without answers", async () => {
  const rows = [
    { query: "a b c d", pos: ["d c b a"], neg: ["a b x y", "u v"], task: "tool" },
    { query: "a", history: ["a b c d", "z"], task: "tool" },
  ];
  const encoder = keywordEncoder({ dimensions: 4096, name: "words" });
  const scored = await folder.score(similarity(encoder), rows);
  // Shared words over the product of the lengths.
  expect(scored.rows.map(({ teacher_scores }) => teacher_scores)).toEqual([
    [1, 0.5, 0].map((value) => expect.closeTo(value, 6)),
    [0.5, 0].map((value) => expect.closeTo(value, 6)),
  ]);
  expect(scored.rows[0].teacher).toMatchObject({ name: "encoder", model: "words" });
});

describe("scores of something else", () => {
  const row = { query: "q", query_id: 7, pos: ["a"], neg: ["b"], task: "convsearch" };
  const write = (lines: readonly unknown[]): string => {
    writeFileSync(folder.place("scores"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    return folder.place("scores");
  };

  it("are found by query and text, and bear its name", async () => {
    const path = write([
      { query_id: "7", text: "b", score: -2 },
      { query_id: 7, text: "a", score: 3.5 },
      { query_id: 8, text: "a", score: 9 },
    ]);
    const other = { ...row, query_id: 8 };
    const { query_id: _, ...unnumbered } = row;
    const { rows, notices } = await folder.score(externalScores(path, "deberta"), [row, other, unnumbered]);
    expect(rows).toEqual([
      {
        ...row,
        teacher_scores: [3.5, -2],
        teacher: { name: "deberta", scores: expect.stringMatching(/^[0-9a-f]{16}$/) },
      },
    ]);
    expect(notices[0]).toMatch(
      /^2 rows are left out: 1 of which .* lacks a score .*:2\), 1 without a query_id/,
    );
  });

  it.each([
    [[], "no scores"],
    [[{ query_id: 7, text: "a", score: "1" }], 'scores:1: "score" is "1"; wanted a finite number'],
    [[{ query_id: 7, score: 1 }], 'scores:1: "text" is absent'],
    [[[7, "a", 1]], "scores:1"],
  ])("that are none are refused: %j", async (lines, message) => {
    await expect(folder.score(externalScores(write(lines), "x"), [row])).rejects.toMatchObject({
      code: "invalid_data",
      message: expect.stringContaining(message),
    });
  });
});
