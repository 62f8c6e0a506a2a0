/** What people add to an index, as training rows: documents, conversations, examples. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type ConverterName, convertDataset } from "#src/dataset/index.js";
import type { Json } from "../../cli/here.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "convert-own-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, content: string | readonly unknown[] | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  const text = Array.isArray(content) ? content.map((row) => `${JSON.stringify(row)}\n`).join("") : content;
  writeFileSync(path, text as string | Uint8Array);
  return path;
}

async function convert(name: ConverterName, source: string) {
  const notices: string[] = [];
  const out = join(folder, "rows.jsonl");
  const report = await convertDataset(name, source, out, { onNotice: (notice) => notices.push(notice) });
  const lines = readFileSync(out, "utf8").trimEnd().split("\n");
  return { report, notices, rows: lines.map((line): Json => JSON.parse(line)) };
}

it("documents give chunks that are asked for by the one before, among those before that", async () => {
  const text = Array.from({ length: 3000 }, (_, at) => `w${at}`).join(" ");
  put("handbook/a.md", `# Long\n\n${text}`);
  put("handbook/b.txt", "too short");
  put("handbook/photo.bin", Uint8Array.from([0, 1, 2, 0, 255]));
  put("handbook/rows.jsonl", [{ query: "no document" }]);
  const { report, rows, notices } = await convert("documents", join(folder, "handbook"));
  expect(report.dropped).toEqual({ "too short": 1 });
  expect(notices).toEqual([expect.stringContaining("photo.bin")]);
  expect(rows.length).toBeGreaterThan(4);
  for (const { query, neg, answers, task, others: _, continuations } of rows) {
    expect(task).toBe("lrlm");
    expect(neg.length).toBeGreaterThanOrEqual(4);
    expect(neg.length).toBeLessThanOrEqual(16);
    expect(continuations.slice(0, -1)).toEqual(neg.slice(1));
    const at = [...neg, continuations.at(-1), query, answers[0]].map((chunk) =>
      text.indexOf(chunk.slice(-30)),
    );
    expect(at.slice(-4)).toEqual(at.slice(-4).toSorted((left, right) => left - right));
  }
  expect(rows.at(-1).neg).toHaveLength(16);

  const passages = put("books.jsonl", [{ title: "A title", text }, { text: "short" }]);
  const named = await convert("documents", passages);
  expect(named.report).toMatchObject({ kept: rows.length, dropped: { "too short": 1 } });
  expect(named.rows[0].neg[0]).toContain("A title");
});

it("conversations give replies, with what was said long before as candidates", async () => {
  const speakers = ["Emi", "assistant"];
  const turns = Array.from({ length: 30 }, (_, at) => ({
    speaker: speakers[at % 2],
    text: `word${at} said`,
  }));
  turns[20] = { speaker: "Emi", text: "again about word3" };
  const source = put("chat/conversations.jsonl", [
    { _id: "c", sessions: [{ date: "2026-03-02", turns }] },
    { _id: "short", sessions: [{ date: "2026-03-02", turns: turns.slice(0, 5) }] },
  ]);
  const { report, rows } = await convert("conversations", join(folder, "chat"));
  expect(report.dropped).toEqual({ "too little said before": 6 + 4 });
  expect(rows).toHaveLength(29 - 6);
  const asked = rows.find(({ query }) => query === "again about word3");
  expect(asked).toMatchObject({ task: "chat", answers: ["word21 said"] });
  expect(asked.history).toHaveLength(16);
  expect(asked.history).toContain("[2 March 2026] assistant: word3 said");
  for (const recent of [18, 19, 21]) expect(asked.history.join("\n")).not.toContain(`word${recent} `);
  const order = asked.history.map((text: string) => Number(/word(\d+)/.exec(text)?.[1]));
  expect(order).toEqual(order.toSorted((left: number, right: number) => left - right));
  expect((await convert("conversations", source)).rows).toEqual(rows);
});

it("examples stand as an index keeps them, with their task", async () => {
  const all = Array.from({ length: 6 }, (_, at) => ({
    task: "Double it",
    input: `${at} apples`,
    output: `${2 * at}`,
  }));
  const { rows } = await convert(
    "examples",
    put("train.jsonl", [...all, { input: "bare apples", output: "yes" }]),
  );
  expect(rows).toHaveLength(7);
  expect(rows[1]).toMatchObject({ query: "Double it\n1 apples", answers: ["2"], task: "icl" });
  expect(rows[1].neg).toContain("Double it\n3 apples\n6");
  expect(rows[1].neg).not.toContain("Double it\n1 apples\n2");
  expect(rows[6].query).toBe("bare apples");
});
