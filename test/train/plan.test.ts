import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { planTraining } from "#src/train/index.js";

const base = resolve(import.meta.dirname, "../golden/tiny-bert");
const folder = mkdtempSync(join(tmpdir(), "plan-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Each is one token of the model, so a text is three: [CLS] word [SEP]. */
const words =
  "a b c d e f g h i j k l m n o p q r s t u v w x y z the is in two and on plus one co di da do of or".split(
    " ",
  );

/** `count` rows, no word twice: a query, a positive, a negative. */
function rowsOf(task: string, count: number, more: object = {}): string {
  const file = join(folder, `${task}.jsonl`);
  const rows = Array.from({ length: count }, (_, row) => {
    const [query, pos, neg] = words.slice(3 * row, 3 * row + 3);
    return `${JSON.stringify({ task, query, pos: [pos], neg: [neg], ...more })}\n`;
  });
  writeFileSync(file, rows.join(""));
  return file;
}

let qa: string;
let chat: string;
beforeAll(() => {
  qa = rowsOf("qa", 12);
  chat = rowsOf("chat", 4, { teacher_scores: [-1, -2] });
});

const small = { base, instructions: "none", batchSize: 4, groupSize: 2 };

it("counts queries and epochs by task, under the settings that each data set gets", async () => {
  // An epoch is three batches of qa and one of chat.
  const plan = await planTraining({ ...small, data: [qa, chat], steps: 8 });
  expect(plan.tasks).toEqual([
    { task: "qa", rows: 12, seen: 24, epochs: 2 },
    { task: "chat", rows: 4, seen: 8, epochs: 2 },
  ]);
  expect(plan.data).toEqual([
    {
      name: "qa",
      task: "qa",
      rows: 12,
      scored: 0,
      positive: "first",
      negative: "random",
      losses: [{ kind: "contrastive" }],
    },
    {
      name: "chat",
      task: "chat",
      rows: 4,
      scored: 4,
      positive: "teacher",
      negative: "random",
      losses: [{ kind: "stabilised", alpha: 0.1, order: "reward" }],
    },
  ]);
});

it("counts a file that is named twice as two data sets of one task", async () => {
  const { data, tasks } = await planTraining({ ...small, data: [qa, qa], steps: 6 });
  expect(data.map(({ name }) => name)).toEqual(["qa", "qa_1"]);
  expect(tasks).toEqual([{ task: "qa", rows: 24, seen: 24, epochs: 1 }]);
});

it("knows the tokens of a step and the numbers of the model", async () => {
  const plan = await planTraining({ ...small, data: [qa], steps: 100 });
  expect(plan.tokensPerStep).toBe(4 * 3 * 3); // four queries, each with two texts, of three tokens
  // 282 words, 64 places and 2 types of 32 with their norm; 2 layers of 4 x 32 x 32 and 2 x 32 x 64, biases and norms.
  const layer = 4 * (32 * 32 + 32) + (32 * 64 + 64) + (64 * 32 + 32) + 4 * 32;
  expect(plan.parameters).toBe((282 + 64 + 2) * 32 + 2 * 32 + 2 * layer);
  expect(plan.trained).toBe(plan.parameters);
  expect(plan.seconds).toBe(Math.round(3600 / plan.tokensPerSecond));
  const lora = { rank: 2, alpha: 2, targets: ["query"] };
  const adapted = await planTraining({ ...small, data: [qa], steps: 1, lora });
  expect(adapted.trained).toBe(2 * 2 * 2 * 32); // two layers, A and B, rank 2
});

it("refuses what training refuses", async () => {
  await expect(planTraining({ ...small, data: [chat], batchSize: 5 })).rejects.toMatchObject({
    code: "invalid_argument",
    message: expect.stringContaining("chat.jsonl has 4 rows, less than a batch of 5"),
  });
  await expect(planTraining({ ...small, data: [qa], device: "tpu" })).rejects.toMatchObject({
    code: "unsupported",
  });
});
