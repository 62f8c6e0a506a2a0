import { describe, expect, it } from "vitest";
import { candidatesOf, formatRow, parseRow } from "#src/dataset/index.js";

const line = {
  query: "who?",
  pos: ["she"],
  neg: ["he", "they"],
  teacher_scores: [1, -2.5, 0],
  answers: ["she"],
  task: "qa",
  query_id: 7,
  pos_index: [0],
  neg_index: [4, "d9"],
  prompt: { deep: [1] },
};

describe("parseRow", () => {
  it("reads every field, and keeps what it does not know", () => {
    expect(parseRow(line, "f:1")).toEqual({
      query: "who?",
      pos: ["she"],
      neg: ["he", "they"],
      teacherScores: [1, -2.5, 0],
      answers: ["she"],
      task: "qa",
      queryId: 7,
      posIndex: [0],
      negIndex: [4, "d9"],
      others: { prompt: { deep: [1] } },
    });
  });

  it("is undone by formatRow", () => {
    const history = {
      query: "so?",
      history: ["a", "b"],
      teacher_scores: [-1, -2],
      task: "chat",
      query_id: "x",
    };
    const bare = { query: "q", pos: ["a"], neg: [] };
    const unlabelled = { query: "q", pos: [], neg: ["a", "b"], teacher_scores: [0, 1], context: "" };
    for (const row of [line, history, bare, unlabelled]) expect(formatRow(parseRow(row, "f:1"))).toEqual(row);
  });

  it("takes null for absent", () => {
    expect(
      parseRow({ query: "q", pos: ["a"], neg: null, history: null, teacher_scores: null }, "f:1"),
    ).toEqual({
      query: "q",
      pos: ["a"],
      neg: [],
    });
  });

  it("lists candidates in the order of their scores", () => {
    expect(candidatesOf(parseRow(line, "f:1"))).toEqual(["she", "he", "they"]);
    expect(candidatesOf(parseRow({ query: "q", history: ["a", "b"] }, "f:1"))).toEqual(["a", "b"]);
  });

  it.each<[string, unknown, string]>([
    ["no object", ["who?"], "wanted a JSON object"],
    ["no query", { ...line, query: undefined }, '"query" is absent'],
    ["an empty query", { ...line, query: " \n" }, '"query" is " \\n"'],
    ["a query that is no text", { ...line, query: 3 }, '"query" is 3'],
    ["a positive that is no list", { ...line, pos: "she" }, '"pos" is "she"; wanted a list'],
    ["an empty positive", { ...line, pos: [""] }, '"pos[0]" is ""'],
    ["an empty negative", { ...line, neg: ["he", "\t"] }, '"neg[1]"'],
    ["a negative that is null", { ...line, neg: ["he", null] }, '"neg[1]" is null'],
    ["an empty turn", { query: "q", history: ["a", ""] }, '"history[1]"'],
    ["a history of nothing", { query: "q", history: [] }, '"history" is empty'],
    ["history and positives", { query: "q", pos: ["a"], history: ["b"] }, '"history" stands together with'],
    ["no candidates", { query: "q", pos: [], neg: [] }, '"pos", "neg" and "history"'],
    ["too few scores", { ...line, teacher_scores: [1, 2] }, '"teacher_scores" has 2 values for 3 texts'],
    ["scores of nothing", { ...line, teacher_scores: [] }, '"teacher_scores" has 0 values'],
    ["a score that is null", { ...line, teacher_scores: [1, null, 2] }, '"teacher_scores[1]" is null'],
    ["a score that is a text", { ...line, teacher_scores: [1, "NaN", 2] }, '"teacher_scores[1]" is "NaN"'],
    ["a score beyond all numbers", { ...line, teacher_scores: JSON.parse("[1, 1e999, 2]") }, "finite number"],
    ["scores of a history misaligned", { query: "q", history: ["a"], teacher_scores: [1, 2] }, "for 1 texts"],
    ["a place too many", { ...line, pos_index: [0, 1] }, '"pos_index" has 2 values for 1 texts'],
    ["a place too few", { ...line, neg_index: [0] }, '"neg_index" has 1 values for 2 texts'],
    ["a place that is no id", { ...line, pos_index: [{}] }, '"pos_index[0]" is {}'],
    ["an answer that is no text", { ...line, answers: [4] }, '"answers[0]" is 4'],
    ["a task that is no text", { ...line, task: 4 }, '"task" is 4'],
    ["a query id that is a list", { ...line, query_id: [] }, '"query_id" is []'],
  ])("refuses %s", (_, value, message) => {
    expect(() => parseRow(value, "rows.jsonl:3")).toThrow(expect.objectContaining({ code: "invalid_data" }));
    expect(() => parseRow(value, "rows.jsonl:3")).toThrow(/^rows\.jsonl:3: /);
    expect(() => parseRow(value, "rows.jsonl:3")).toThrow(message);
  });
});
