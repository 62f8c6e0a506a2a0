import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readMemoryBenchmark } from "#src/dataset/index.js";
import { folderWith } from "../../support/benchmark-folder.ts";

const turn = (id: string, speaker: string, text: string) => ({ dia_id: id, speaker, text });

const sample = {
  sample_id: "conv-1",
  conversation: {
    speaker_a: "Ada",
    speaker_b: "Bo",
    session_10_date_time: "10:00 am on 2 June, 2023",
    session_10: [turn("D10:1", "Bo", "The tern is back.")],
    session_2_date_time: "1:56 pm on 28 May, 2023",
    session_2: [
      turn("D2:1", "Ada", "I bought a boat."),
      { ...turn("D2:2", "Bo", "Look!"), img_url: ["x"], blip_caption: "a photo of a harbour" },
      { ...turn("D2:3", "Bo", ""), blip_caption: "a gull" },
    ],
    session_3_date_time: "some day",
    session_3: [turn("D3:1", "Ada", "It is called Tern.")],
    session_4_date_time: "4:00 pm on 1 July, 2023",
  },
  qa: [
    { question: "What did Ada buy?", answer: "a boat", evidence: ["D2:1"], category: 4 },
    { question: "How many birds?", answer: 2, evidence: ["D2:3; D10:1"], category: 1 },
    {
      question: "Does Ada sail?",
      answer: "Likely yes; she has a boat",
      evidence: ["D:2:1", "D10:01", "D"],
      category: 3,
    },
    { question: "What did Bo buy?", adversarial_answer: "a boat", evidence: ["D2:1 D9:9"], category: 5 },
    { question: "Where is Bo?", answer: "here", evidence: [], category: 3 },
    { question: "Who is Cy?", answer: "nobody", evidence: ["D7:7"], category: 4 },
  ],
};

describe("LoCoMo", () => {
  it("takes sessions by number, captions in brackets, and dates that can be read", async () => {
    const { conversations, split } = await readMemoryBenchmark(
      folderWith({ "locomo10.json": JSON.stringify([sample]) }),
    );
    expect(split).toBe("all");
    expect(conversations).toEqual([
      {
        id: "conv-1",
        turns: [
          { id: "D2:1", speaker: "Ada", text: "I bought a boat.", date: "2023-05-28" },
          { id: "D2:2", speaker: "Bo", text: "Look! [a photo of a harbour]", date: "2023-05-28" },
          { id: "D2:3", speaker: "Bo", text: "[a gull]", date: "2023-05-28" },
          { id: "D3:1", speaker: "Ada", text: "It is called Tern." },
          { id: "D10:1", speaker: "Bo", text: "The tern is back.", date: "2023-06-02" },
        ],
      },
    ]);
  });

  it("mends ids of evidence, passes over those that name no turn, and counts both", async () => {
    const folder = folderWith({ "locomo10.json": JSON.stringify([sample]) });
    const notices: string[] = [];
    const benchmark = await readMemoryBenchmark(folder, { onNotice: (notice) => notices.push(notice) });
    const question = (at: number, text: string, evidence: string[], answer: string) => ({
      id: `conv-1-${at}`,
      conversation: "conv-1",
      question: text,
      split: "all",
      evidence: new Set(evidence),
      answers: [answer],
    });
    expect(benchmark.questions).toEqual([
      question(0, "What did Ada buy?", ["D2:1"], "a boat"),
      question(1, "How many birds?", ["D2:3", "D10:1"], "2"),
      question(2, "Does Ada sail?", ["D2:1", "D10:1"], "Likely yes"),
    ]);
    expect(benchmark.excluded).toEqual({ adversarial: 1, "without evidence": 2 });
    const file = join(folder, "locomo10.json");
    expect(notices).toEqual([
      `${file}: 4 ids of evidence are not written as their turn has them and were mended`,
      `${file}: 2 ids of evidence name no turn and are passed over`,
      `${file}: 3 questions have no evidence and are left out: 1 adversarial, 2 without evidence`,
    ]);
  });

  it.each([
    ["a sample that comes twice", [sample, sample], /item 2: sample "conv-1" comes twice/],
    [
      "a turn that comes twice",
      [{ ...sample, conversation: { session_1: [turn("D1:1", "A", "a"), turn("D1:1", "B", "b")] } }],
      /item 1: turn "D1:1" comes twice/,
    ],
    [
      "no conversation",
      [{ ...sample, conversation: null }],
      /item 1, "conversation": got null, wanted a JSON object/,
    ],
    [
      "a question without text",
      [{ ...sample, qa: [{ evidence: [] }] }],
      /item 1, question 0: "question" is absent/,
    ],
  ])("names the item with %s", async (_, samples, message) => {
    const folder = folderWith({ "locomo10.json": JSON.stringify(samples) });
    await expect(readMemoryBenchmark(folder)).rejects.toThrow(message);
  });
});
