import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Encoder, openEncoder } from "#src/encoder/index.js";
import { evaluateMemory, measureMemory } from "#src/eval/index.js";

const data = resolve(process.env["RETRIEVE_DATA"] ?? "../shared/data", "memory/realtalk");
const withData = existsSync(data);
if (!withData) console.warn(`skipped: the RealTalk baseline, because ${data} is not there`);

let folder: string;
let encoder: Encoder;

beforeAll(async () => {
  encoder = await openEncoder("mini");
});
afterAll(() => encoder.close());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "memory-"));
  write("conversations.jsonl", [conversation]);
  write("questions.jsonl", questions);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, rows: readonly unknown[]): void {
  writeFileSync(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

const texts = ["zinc", "copper", "iron", "gold", "lead", "nickel", "silver", "cobalt"];
const conversation = {
  _id: "c",
  sessions: [
    {
      date: "29.12.2023, 22:42:04",
      turns: texts.map((text, index) => ({ id: `t${index}`, speaker: index % 2 ? "Bo" : "Ada", text })),
    },
  ],
};
const questions = [
  { conversation: "c", split: "dev", question: "zinc", evidence: ["t0"] },
  { conversation: "c", split: "dev", question: "gold silver", evidence: ["t3", "t6", "t7"] },
  { conversation: "c", split: "dev", question: "lead", evidence: [] },
  { conversation: "c", split: "train", question: "iron", evidence: ["t2"] },
];
const methods = ["bm25"] as const;
const plain = (turns: readonly { id: string; text: string }[]) =>
  turns.map(({ id, text }) => ({ text, turns: [id] }));

describe("evaluateMemory", () => {
  it("measures recall, any and all by arithmetic that can be done by hand", async () => {
    const [measured] = await measureMemory({ folder, encoder, methods, units: plain });
    const [report] = await evaluateMemory({ folder, encoder, methods, units: plain });
    expect({ ...report, seconds: 0 }).toEqual({ ...measured?.report, seconds: 0 });
    expect([...(measured?.perQuery ?? [])].map(([at, row]) => [at, row["Recall@5"]])).toEqual([
      ["0", 1],
      ["1", 2 / 3],
    ]);
    // t0 of {t0}; t3 and t6 of {t3, t6, t7}: BM25 finds nothing else.
    expect(report).toMatchObject({ queries: 2, corpus: 8, split: "dev", method: "bm25", model: null });
    expect(report?.metrics).toEqual({
      "Recall@5": 0.83333,
      "Recall@10": 0.83333,
      "Hit@5": 1,
      "All@5": 0.5,
      // (1 + (1 + 1/log2(3)) / (1 + 1/log2(3) + 1/2)) / 2
      "nDCG@10": 0.88268,
    });
  });

  it("asks at most so many questions, evenly spaced", async () => {
    const evidence = ["t0"];
    write(
      "questions.jsonl",
      texts.map((question) => ({ conversation: "c", question, evidence })),
    );
    const [report] = await evaluateMemory({ folder, encoder, methods, units: plain, maxQueries: 2 });
    // zinc and lead, the first and the fifth.
    expect(report).toMatchObject({ queries: 2, metrics: { "Hit@5": 0.5 } });
  });

  it("lets a stored pair pass its score to both turns, and counts only the first k turns", async () => {
    const pairs = (turns: readonly { id: string; text: string }[]) =>
      turns.flatMap(({ text }, at) =>
        at % 2 ? [] : [{ text: `${text} ${turns[at + 1]?.text}`, turns: [`t${at}`, `t${at + 1}`] }],
      );
    write("questions.jsonl", [
      { conversation: "c", question: "zinc", evidence: ["t1"] },
      { conversation: "c", question: "zinc zinc iron lead", evidence: ["t5"] },
    ]);
    const [report] = await evaluateMemory({ folder, encoder, methods, units: pairs });
    // t1 comes with t0. The second finds (t0 t1) (t2 t3) (t4 t5), equal scores in order: t5 is the sixth turn.
    expect(report?.metrics).toMatchObject({ "Recall@5": 0.5, "Recall@10": 1, "Hit@5": 0.5 });
    expect(report?.split).toBe("all");
  });

  it("ranks within the conversation of the question", async () => {
    const other = {
      _id: "d",
      sessions: [
        { turns: texts.map((text, index) => ({ id: `t${index}`, speaker: "Cy", text: `${text} zinc` })) },
      ],
    };
    write("conversations.jsonl", [conversation, other]);
    write("questions.jsonl", [
      questions[0],
      { conversation: "d", split: "dev", question: "cobalt", evidence: ["t7"] },
    ]);
    const [report] = await evaluateMemory({ folder, encoder, methods, units: plain });
    expect(report?.metrics["Recall@5"]).toBe(1);
  });

  it("searches what memory stores by default: the turn with its day and speaker", async () => {
    write("questions.jsonl", [{ conversation: "c", question: "December", evidence: ["t0", "t1"] }]);
    const [report] = await evaluateMemory({ folder, encoder, methods });
    expect(report?.metrics["All@5"]).toBe(1);
  });
});

describe.skipIf(!withData)("RealTalk", () => {
  it("finds more of the evidence than BM25 over turns does, .443", async () => {
    const [report] = await evaluateMemory({ folder: data, split: "dev", encoder });
    expect(report?.queries).toBe(284);
    expect(report?.metrics["Recall@5"]).toBeGreaterThanOrEqual(0.443);
  }, 300_000);
});
