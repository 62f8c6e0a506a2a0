import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readMemoryBenchmark } from "#src/dataset/index.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "realtalk-"));
  write("conversations.jsonl", [conversation]);
  write("questions.jsonl", [
    { conversation: "c", split: "dev", question: "zinc", evidence: ["t0"] },
    { conversation: "c", split: "dev", question: "copper", evidence: ["t1"] },
    { conversation: "c", split: "dev", question: "lead", evidence: [] },
    { conversation: "c", split: "train", question: "zinc", evidence: ["t0"] },
  ]);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, rows: readonly unknown[]): void {
  writeFileSync(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

const conversation = {
  _id: "c",
  sessions: [
    {
      date: "29.12.2023, 22:42:04",
      turns: [
        { id: "t0", speaker: "Ada", text: "zinc" },
        { id: "t1", speaker: "Bo", text: "copper" },
      ],
    },
  ],
};

describe("readMemoryBenchmark", () => {
  it("takes the split asked for and says what it leaves out", async () => {
    const notices: string[] = [];
    const dev = await readMemoryBenchmark(folder, { onNotice: (notice) => notices.push(notice) });
    expect([dev.split, dev.questions.length, dev.conversations[0]?.turns[1]]).toEqual([
      "dev",
      2,
      { id: "t1", speaker: "Bo", text: "copper", date: "2023-12-29" },
    ]);
    expect(notices).toEqual([expect.stringMatching(/1 questions have no evidence/)]);
    expect((await readMemoryBenchmark(folder, { split: "train" })).questions).toHaveLength(1);
    await expect(readMemoryBenchmark(folder, { split: "x" })).rejects.toThrow(/there are: dev, train/);
  });

  it.each([
    ["2023-12-29T22:42:04Z", "2023-12-29T22:42:04Z"],
    ["31.13.2023, 22:42:04", undefined],
    ["8 May, 2023", undefined],
  ])("reads the date %s as %s", async (date, expected) => {
    write("conversations.jsonl", [{ _id: "c", sessions: [{ ...conversation.sessions[0], date }] }]);
    expect((await readMemoryBenchmark(folder)).conversations[0]?.turns[0]?.date).toBe(expected);
  });

  it.each([
    [
      "conversations.jsonl",
      [conversation, conversation],
      /conversations\.jsonl:2: conversation "c" comes twice/,
    ],
    ["conversations.jsonl", [{ _id: "c", sessions: 1 }], /conversations\.jsonl:1: "sessions"/],
    [
      "conversations.jsonl",
      [{ _id: "c", sessions: [conversation.sessions[0], conversation.sessions[0]] }],
      /conversations\.jsonl:1: turn "t0" comes twice/,
    ],
    ["questions.jsonl", [{ conversation: "z", question: "a" }], /questions\.jsonl:1: "conversation" is "z"/],
    ["questions.jsonl", [{ conversation: "c" }], /questions\.jsonl:1: "question" is absent/],
  ])("refuses a malformed %s", async (name, rows, message) => {
    write(name, rows);
    await expect(readMemoryBenchmark(folder)).rejects.toThrow(message);
  });
});

describe("readMemoryBenchmark looks at what is there", () => {
  const sample = {
    sample_id: "s",
    conversation: { session_1: [{ dia_id: "D1:1", speaker: "Ada", text: "zinc" }] },
    qa: [{ question: "metal?", answer: "zinc", evidence: ["D1:1"], category: 4 }],
  };
  const haystack = {
    question_id: "q",
    question: "metal?",
    answer: "zinc",
    haystack_session_ids: ["a"],
    haystack_dates: ["2023/05/20 (Sat) 02:21"],
    haystack_sessions: [[{ role: "user", content: "zinc", has_answer: true }]],
  };

  it("takes files of LoCoMo and LongMemEval by any name, alone or among others", async () => {
    for (const [name, item, turn] of [
      ["mine.json", sample, "D1:1"],
      ["some.json", haystack, "a_1"],
    ] as const) {
      const other = mkdtempSync(join(tmpdir(), "memory-"));
      writeFileSync(join(other, name), JSON.stringify([item], null, 2));
      writeFileSync(join(other, "package.json"), JSON.stringify({ name: "x" }, null, 2));
      for (const source of [other, join(other, name)]) {
        const { questions } = await readMemoryBenchmark(source);
        expect([...(questions[0]?.evidence ?? [])]).toEqual([turn]);
      }
      rmSync(other, { recursive: true });
    }
  });

  it("prefers RealTalk's two files, asks which of several, and says what is missing", async () => {
    writeFileSync(join(folder, "locomo10.json"), JSON.stringify([sample]));
    writeFileSync(join(folder, "longmemeval_s.json"), JSON.stringify([haystack]));
    expect((await readMemoryBenchmark(folder)).questions[0]?.question).toBe("zinc");
    rmSync(join(folder, "conversations.jsonl"));
    await expect(readMemoryBenchmark(folder)).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(/name one: .*locomo10\.json, .*longmemeval_s\.json/),
    });
    rmSync(join(folder, "locomo10.json"));
    writeFileSync(join(folder, "longmemeval_s.json"), "[{]");
    await expect(readMemoryBenchmark(folder)).rejects.toThrow(
      /longmemeval_s\.json: ends before its JSON array does/,
    );
    rmSync(join(folder, "longmemeval_s.json"));
    await expect(readMemoryBenchmark(folder)).rejects.toMatchObject({ code: "not_found" });
    await expect(readMemoryBenchmark(join(folder, "gone"))).rejects.toMatchObject({ code: "not_found" });
    await expect(readMemoryBenchmark(join(folder, "questions.jsonl"))).rejects.toThrow(
      /neither LoCoMo's fields/,
    );
  });
});
