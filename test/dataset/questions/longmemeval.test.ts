import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readMemoryBenchmark } from "#src/dataset/index.js";
import { folderWith } from "../../support/benchmark-folder.ts";

const said = (role: string, content: string, has_answer?: boolean) => ({
  role,
  content,
  ...(has_answer !== undefined && { has_answer }),
});

const asked = {
  question_id: "q1",
  question_type: "single-session-user",
  question: "What is my boat called?",
  answer: "Tern",
  question_date: "2023/06/02 (Fri) 10:00",
  haystack_session_ids: ["late", "answer_1", "answer_1"],
  haystack_dates: ["2023/05/30 (Tue) 09:00", "2023/05/20 (Sat) 10:21", "2023/05/20 (Sat) 02:21"],
  haystack_sessions: [
    [said("user", "Hello.")],
    [said("user", "My boat is Tern.", true), said("assistant", "A fine name.", false)],
    [said("user", "I have a boat."), said("assistant", "Called Tern?", true)],
  ],
  answer_session_ids: ["answer_1"],
};
const abstained = { ...asked, question_id: "q2_abs", question: "What is my car called?" };
const counted = { ...asked, question_id: "q3", answer: 3 };
const unmarked = {
  ...asked,
  question_id: "q4",
  haystack_sessions: [[], [], [said("user", "I have a boat.")]],
};

const file = (...questions: readonly unknown[]) =>
  folderWith({ "longmemeval_s.json": JSON.stringify(questions) });

describe("LongMemEval", () => {
  it("gives each question its haystack in the order of time, and the marked turns as evidence", async () => {
    const benchmark = await readMemoryBenchmark(file(asked));
    expect(benchmark.conversations).toEqual([
      {
        id: "q1",
        turns: [
          { id: "answer_1#2_1", speaker: "user", text: "I have a boat.", date: "2023-05-20" },
          { id: "answer_1#2_2", speaker: "assistant", text: "Called Tern?", date: "2023-05-20" },
          { id: "answer_1_1", speaker: "user", text: "My boat is Tern.", date: "2023-05-20" },
          { id: "answer_1_2", speaker: "assistant", text: "A fine name.", date: "2023-05-20" },
          { id: "late_1", speaker: "user", text: "Hello.", date: "2023-05-30" },
        ],
      },
    ]);
    expect(benchmark.questions).toEqual([
      {
        id: "q1",
        conversation: "q1",
        question: "What is my boat called?",
        split: "all",
        evidence: new Set(["answer_1#2_2", "answer_1_1"]),
        answers: ["Tern"],
      },
    ]);
  });

  it("leaves out abstentions and questions without marks, and reads the haystacks of the rest alone", async () => {
    const notices: string[] = [];
    const folder = file(asked, abstained, counted, unmarked);
    const all = await readMemoryBenchmark(folder, { onNotice: (notice) => notices.push(notice) });
    expect(all.questions.map(({ id, answers }) => [id, answers])).toEqual([
      ["q1", ["Tern"]],
      ["q3", ["3"]],
    ]);
    expect(all.excluded).toEqual({ abstention: 1, "without evidence": 1 });
    expect(notices).toEqual([
      expect.stringMatching(/2 questions have no evidence .*: 1 abstention, 1 without evidence/),
    ]);
    const one = await readMemoryBenchmark(folder, { maxQueries: 1 });
    expect(one.conversations.map(({ id }) => id)).toEqual(["q1"]);
  });

  it.each([
    ["an id that comes twice", [asked, asked], /longmemeval_s\.json, item 2: question "q1" comes twice/],
    ["a date too few", [{ ...asked, haystack_dates: [] }], /item 1: "haystack_dates" has 0 items/],
    [
      "a session that is no list",
      [{ ...asked, haystack_sessions: [[], "x", []] }],
      /session "answer_1": got a string/,
    ],
    [
      "a turn without content",
      [{ ...asked, haystack_sessions: [[], [], [{ role: "user" }]] }],
      /item 1: "content"/,
    ],
    ["abstentions alone", [abstained], /no question with evidence in split "all"/],
  ])("names the item with %s", async (_, questions, message) => {
    await expect(readMemoryBenchmark(file(...questions))).rejects.toThrow(message);
  });

  it("says that a file is cut off", async () => {
    const folder = folderWith({ "longmemeval_s.json": JSON.stringify([asked, counted]).slice(0, -30) });
    await expect(readMemoryBenchmark(join(folder, "longmemeval_s.json"))).rejects.toThrow(
      /ends before its JSON array does/,
    );
  });
});
