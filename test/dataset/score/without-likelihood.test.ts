/** Rewards by models that tell no likelihoods, each under its own name. */

import { afterEach, beforeEach, expect, it } from "vitest";
import type { GenerateInput, LanguageModel } from "#src/llm/index.js";
import { bigramModel } from "../../support/bigram-model.ts";
import { Folder } from "./here.ts";

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

const row = {
  query: "Where does the ferry land?",
  pos: ["The ferry lands at Marstal."],
  neg: ["Ships are slow."],
  answers: ["at Marstal", "Ystad"],
  task: "qa",
};

/** A chat model that writes what the passage says, and finds yes three times as likely where the answer stands in it. */
function chatModel(asked: string[]): LanguageModel {
  const { score: _, ...model } = bigramModel();
  const textOf = (input: GenerateInput): string => {
    if ("prompt" in input) throw new Error("wanted a chat");
    const text = input.messages.map(({ content }) => content).join("\n");
    asked.push(text);
    return text;
  };
  return {
    ...model,
    async *generate(input) {
      const knows = textOf(input).includes("lands at");
      yield { type: "text", text: knows ? "At Marstal." : "No idea" };
      yield { type: "end", reason: "stop", usage: { promptTokens: 1, outputTokens: 1 } };
    },
    topTokens: async (input) => {
      const isThere = textOf(input).split("at Marstal").length > 2;
      return [
        { text: "Yes", logProbability: Math.log(isThere ? 0.6 : 0.2) },
        { text: "No", logProbability: Math.log(isThere ? 0.2 : 0.6) },
      ];
    },
  };
}

it.each([
  ["generation-em", [1, 0], [0.5, 0]],
  ["generation-f1", [1, 0], [0.5, 0]],
] as const)("%s compares what the model writes with the answers", async (reward, best, mean) => {
  const { rows } = await folder.ask(chatModel([]), [row], { reward });
  expect(rows[0]).toMatchObject({
    teacher_scores: best,
    teacher_scores_mean: mean,
    teacher: { name: reward },
  });
});

it("yes-no asks whether the candidate leads to each answer", async () => {
  const asked: string[] = [];
  const { rows } = await folder.ask(chatModel(asked), [row], { reward: "yes-no" });
  expect(rows[0].teacher).toMatchObject({ name: "yes-no" });
  expect(rows[0].teacher_scores[0]).toBeCloseTo(Math.log(3), 12);
  expect(rows[0].teacher_scores[1]).toBeCloseTo(-Math.log(3), 12);
  expect(asked).toHaveLength(4);
  expect(asked[0]).toContain("Reply with yes or no");
});

it("leaves a row out where the model says neither yes nor no, and asks no second time", async () => {
  const thinking: LanguageModel = {
    ...chatModel([]),
    topTokens: async (input) => {
      const [{ content = "" } = {}] = "messages" in input ? input.messages : [];
      const first = content.includes("Ships") ? "<think>" : "Yes";
      return [
        { text: first, logProbability: -0.1 },
        { text: "Well", logProbability: -3 },
      ];
    },
  };
  const sure = { ...row, neg: ["The ferry is white."] };
  const { rows, report, notices } = await folder.ask(thinking, [row, sure], { reward: "yes-no" });
  expect(rows).toHaveLength(1);
  expect(rows[0].teacher_scores).toEqual([expect.closeTo(2.9, 12), expect.closeTo(2.9, 12)]);
  expect(report).toMatchObject({ scored: 6, cached: 2 }); // both rows have one candidate in common
  expect(notices).toContainEqual(
    expect.stringMatching(/^1 rows are left out: .*a candidate to which the model says neither yes nor no/),
  );
  // The four scores of the row that is kept; those of the other one are no rewards.
  const bounds = "4 scores are bounds: of yes and no, only one is among the model's likeliest tokens";
  expect(notices).toContain(bounds);
  const again = await folder.ask(thinking, [row, sure], { reward: "yes-no" });
  expect(again.report).toMatchObject({ scored: 0, cached: 8 });
  expect(again.rows).toEqual(rows);
  expect(again.notices).toContain(bounds);
});

it("says that no row can be scored where the model says neither word at all", async () => {
  const thinking: LanguageModel = {
    ...chatModel([]),
    topTokens: async () => [
      { text: "<think>", logProbability: -0.1 },
      { text: "Well", logProbability: -3 },
    ],
  };
  await expect(folder.ask(thinking, [row], { reward: "yes-no" })).rejects.toMatchObject({
    code: "invalid_data",
    message: expect.stringContaining("says neither yes nor no"),
  });
});

it("tells of no bounds where both words are there", async () => {
  const { notices } = await folder.ask(chatModel([]), [row], { reward: "yes-no" });
  expect(notices.filter((notice) => notice.includes("bounds"))).toEqual([]);
});

it("is asked once, and never taken for another reward", async () => {
  const model = chatModel([]);
  await folder.ask(model, [row], { reward: "generation-em" });
  const again = await folder.ask(model, [row], { reward: "generation-em" });
  expect(again.report).toMatchObject({ scored: 0, cached: 4 });
  const other = await folder.ask(model, [row], { reward: "generation-f1" });
  expect(other.report).toMatchObject({ scored: 4, cached: 0 });
});
