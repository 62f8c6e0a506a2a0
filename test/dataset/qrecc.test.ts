import { describe, expect, it } from "vitest";
import { type QreccQuestion, readQrecc } from "#src/dataset/index.js";
import { folderWith } from "../support/benchmark-folder.ts";

async function read(folder: string, split = "test"): Promise<QreccQuestion[]> {
  const questions: QreccQuestion[] = [];
  for await (const question of readQrecc(folder, split)) questions.push(question);
  return questions;
}

const turn = {
  Context: ["What is a tern?", "A bird.", " "],
  Question: "Where does it live?",
  Rewrite: "Where does the tern live?",
  Answer: "By the sea.",
  Answer_URL: "https://example.org",
  Conversation_no: 7,
  Turn_no: 2,
  Conversation_source: "trec",
};

describe("readQrecc", () => {
  it("reads the owners' file: the turns before, the question as it was asked, no passages", async () => {
    const unanswered = { ...turn, Turn_no: 3, Answer: "" };
    expect(
      await read(folderWith({ "qrecc_test.json": JSON.stringify([turn, unanswered], null, 2) })),
    ).toEqual([
      {
        id: "7_2",
        history: ["What is a tern?", "A bird."],
        question: "Where does it live?",
        answer: "By the sea.",
        relevant: [],
      },
      expect.objectContaining({ id: "7_3", answer: "", relevant: [] }),
    ]);
  });

  it("reads the file of SCAI, with passages", async () => {
    const judged = { ...turn, Answer: undefined, Truth_answer: "Cliffs.", Truth_passages: ["https://a_p1"] };
    const folder = folderWith({ "scai-qrecc21-test-turns.json": JSON.stringify([judged]) });
    expect(await read(folder)).toMatchObject([{ answer: "Cliffs.", relevant: ["https://a_p1"] }]);
  });

  it.each([
    ["a turn that comes twice", [turn, turn], /qrecc_test\.json, item 2: turn "7_2" comes twice/],
    ["no question", [{ ...turn, Question: undefined }], /item 1: "Question" is absent/],
    ["no number", [{ ...turn, Turn_no: null }], /item 1: "Turn_no" is absent/],
    [
      "a context that is one text",
      [{ ...turn, Context: "a" }],
      /item 1: "Context" is a string, wanted a list/,
    ],
  ])("names the item with %s", async (_, turns, message) => {
    await expect(read(folderWith({ "qrecc_test.json": JSON.stringify(turns) }))).rejects.toThrow(message);
  });

  it("says what a missing split could be called", async () => {
    await expect(read(folderWith({ "qrecc_test.json": "[]" }), "train")).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/holds none of qrecc_train\.json, scai-qrecc21-training-turns\.json/),
    });
  });
});
