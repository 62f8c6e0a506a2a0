import { createHash } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { dataSetNames, openRowFile, type RowFile, sampleGroup } from "#src/dataset/index.js";
import { createRandom } from "#src/std/index.js";

const folder = mkdtempSync(join(tmpdir(), "rows-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, lines: readonly (object | string)[], end = "\n"): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)) + end).join(""),
  );
  return path;
}

async function queriesOf(rows: RowFile): Promise<string[]> {
  const queries: string[] = [];
  for (let index = 0; index < rows.length; index++) queries.push((await rows.read(index)).query);
  return queries;
}

const row = (query: string, more: object = {}): object => ({
  query,
  pos: [`${query}+`],
  neg: ["n"],
  task: "qa",
  ...more,
});

describe("openRowFile", () => {
  it.each(["rows.jsonl", "rows.json"])("reads the rows of %s by number, in any order", async (name) => {
    const path = file(name, [row("äöü"), "", row("b"), row("語")]);
    await using rows = await openRowFile(path);
    expect(rows).toMatchObject({
      path,
      name: "rows",
      task: "qa",
      length: 3,
      withTeacher: false,
      withNegatives: true,
    });
    expect(rows.hash).toBe(createHash("sha256").update(readFileSync(path)).digest("hex"));
    expect((await Promise.all([2, 0, 1, 0].map(rows.read))).map(({ query }) => query)).toEqual([
      "語",
      "äöü",
      "b",
      "äöü",
    ]);
    expect(await rows.read(1)).toMatchObject({ query: "b", pos: ["b+"], neg: ["n"], task: "qa" });
    for (const index of [-1, 3, 0.5]) {
      await expect(rows.read(index)).rejects.toMatchObject({ code: "invalid_argument" });
    }
  });

  it("reads Windows line ends and a last line without an end", async () => {
    await using windows = await openRowFile(file("windows.jsonl", [row("a"), row("b")], "\r\n"));
    expect(await queriesOf(windows)).toEqual(["a", "b"]);
    const path = join(folder, "endless.jsonl");
    writeFileSync(path, `${JSON.stringify(row("a"))}\n${JSON.stringify(row("b"))}`);
    await using endless = await openRowFile(path);
    expect(await queriesOf(endless)).toEqual(["a", "b"]);
    expect(endless.hash).toBe(createHash("sha256").update(readFileSync(path)).digest("hex"));
  });

  it("leaves out rows by their scores, and says so once", async () => {
    const path = file("scored.jsonl", [
      row("low", { teacher_scores: [-3, -4] }),
      row("flat", { teacher_scores: [1, 0.95] }),
      row("good", { teacher_scores: [0, 1] }),
      row("bare"),
      { query: "undecided", pos: [], neg: ["a", "b"], task: "qa" },
      { query: "by scores", pos: [], neg: ["a", "b"], teacher_scores: [0, 2], task: "qa" },
    ]);
    const notices: string[] = [];
    const options = { minScore: -2, minSpread: 0.1, onNotice: (notice: string) => notices.push(notice) };
    await using rows = await openRowFile(path, options);
    expect(await queriesOf(rows)).toEqual(["good", "bare", "by scores"]);
    expect(rows.withTeacher).toBe(false);
    expect(notices).toEqual([
      expect.stringMatching(
        /3 of 6 rows are left out: 1 without a positive.*, 1 with no score.*, 1 with scores that differ/,
      ),
      expect.stringMatching(/1 of 3 rows have no teacher_scores/),
    ]);
    await using all = await openRowFile(path);
    expect(all.length).toBe(5);
  });

  it("tells what all rows have", async () => {
    await using scored = await openRowFile(file("a.jsonl", [row("a", { teacher_scores: [1, 2] })]));
    expect([scored.withTeacher, scored.withNegatives]).toEqual([true, true]);
    await using bare = await openRowFile(file("b.jsonl", [row("a", { neg: [] })]));
    expect([bare.withTeacher, bare.withNegatives]).toEqual([false, false]);
    const chat = { query: "q", history: ["a", "b"], teacher_scores: [1, 2], task: "chat" };
    await using turns = await openRowFile(file("c.jsonl", [chat]));
    expect([turns.task, turns.withTeacher, turns.withNegatives]).toEqual(["chat", true, true]);
  });

  it("takes rows evenly spaced where there are more than wanted", async () => {
    const path = file(
      "many.jsonl",
      Array.from({ length: 10 }, (_, index) => row(`${index}`)),
    );
    await using five = await openRowFile(path, { maxRows: 5 });
    expect(await queriesOf(five)).toEqual(["0", "2", "4", "6", "8"]);
    await using more = await openRowFile(path, { maxRows: 99 });
    expect(more.length).toBe(10);
    await expect(openRowFile(path, { maxRows: 0 })).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("takes the task it is told for rows that name none", async () => {
    const path = file("taskless.jsonl", [{ query: "q", pos: ["p"], neg: [] }]);
    await expect(openRowFile(path)).rejects.toThrow(
      /taskless\.jsonl:1: "task" is absent; wanted a task such as qa/,
    );
    await using rows = await openRowFile(path, { task: "icl", name: "own" });
    expect([rows.task, rows.name]).toEqual(["icl", "own"]);
  });

  it.each<[string, readonly (object | string)[], RegExp]>([
    ["a truncated line", [row("a"), '{"query": "b", "pos": ["x"'], /bad\.jsonl:2: not valid JSON/],
    [
      "NaN as Python writes it",
      [row("a"), '{"query":"b","pos":["p"],"teacher_scores":[NaN]}'],
      /bad\.jsonl:2: not valid/,
    ],
    [
      "a misaligned row",
      [row("a"), "", row("b", { teacher_scores: [1] })],
      /bad\.jsonl:3: "teacher_scores" has 1/,
    ],
    ["an empty text", [row("a", { neg: [""] })], /bad\.jsonl:1: "neg\[0\]"/],
    [
      "two tasks in a file",
      [row("a"), row("b", { task: "icl" })],
      /bad\.jsonl:2: "task" is "icl"; wanted "qa"/,
    ],
    ["an empty file", [], /bad\.jsonl: no row to train on: the file is empty/],
    [
      "nothing that can be trained on",
      [row("a", { pos: [] })],
      /no row to train on: 1 of 1 rows are left out/,
    ],
  ])("refuses %s", async (_, lines, message) => {
    const path = file("bad.jsonl", lines);
    await expect(openRowFile(path)).rejects.toThrow(message);
    await expect(openRowFile(path)).rejects.toMatchObject({ code: "invalid_data" });
  });

  it("names what is not there", async () => {
    await expect(openRowFile(join(folder, "none.jsonl"))).rejects.toMatchObject({ code: "not_found" });
    await expect(openRowFile(folder)).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("stops when it is told to, and reports bytes", async () => {
    const path = file(
      "long.jsonl",
      Array.from({ length: 100 }, (_, index) => row(`${index}`)),
    );
    const seen: number[] = [];
    const stop = new AbortController();
    const onProgress = ({ done }: { done: number }): void => {
      if (seen.push(done) === 3) stop.abort();
    };
    await expect(openRowFile(path, { onProgress, signal: stop.signal })).rejects.toThrow(/abort/i);
    expect(seen).toHaveLength(3);
    await using rows = await openRowFile(path, {
      onProgress: ({ done, total }) => seen.push(done / (total ?? 0)),
    });
    expect(rows.length).toBe(100);
    expect(seen.at(-1)).toBeCloseTo(1, 3);
  });

  it("touches only the line of the row it reads", async () => {
    const text = "x".repeat(4000);
    const path = file(
      "big.jsonl",
      Array.from({ length: 1000 }, (_, index) => row(`q${index}`, { neg: [text] })),
    );
    await using rows = await openRowFile(path);
    const before = JSON.stringify(await rows.read(500));
    // Everything else becomes one long line of rubbish: whoever reads it, fails.
    const { size } = statSync(path);
    const content = readFileSync(path, "utf8");
    const start = content.indexOf('{"query":"q500"');
    const end = content.indexOf("\n", start);
    const handle = openSync(path, "r+");
    writeSync(handle, Buffer.alloc(start, "}"), 0, start, 0);
    writeSync(handle, Buffer.alloc(size - end, "}"), 0, size - end, end);
    expect(JSON.stringify(await rows.read(500))).toBe(before);
    await expect(rows.read(499)).rejects.toThrow(/big\.jsonl, byte \d+ \(has the file changed/);
  });
});

describe("dataSetNames", () => {
  it("names files, folders of splits, and repeats", () => {
    expect(
      dataSetNames([
        "a/qa.json",
        "b/msmarco/train.json",
        "c/nq/train.scored.jsonl",
        "a/qa.json",
        "z/qa.jsonl",
        "training.jsonl",
      ]),
    ).toEqual(["qa", "msmarco", "nq", "qa_1", "qa_2", "training"]);
  });
});

const toy = resolve(process.env["RETRIEVE_DATA"] ?? "../shared/data", "llm_embedder_toy/toy");
const withToy = existsSync(toy);
if (!withToy) console.warn(`skipped: rows of the reference system, because ${toy} is not there`);

describe.skipIf(!withToy)("rows of the reference system", () => {
  it.each([
    // Candidates as its documentation counts them: qa 1 + 100, convsearch 1 + 32, lrlm 64, icl 3 + 17.
    { task: "qa", positive: "first", candidates: 101, teacher: true },
    { task: "convsearch", positive: "first", candidates: 33, teacher: false },
    { task: "chat", positive: "teacher", candidates: undefined, teacher: true },
    { task: "lrlm", positive: "teacher", candidates: 64, teacher: true },
    { task: "icl", positive: "random", candidates: 20, teacher: true },
    { task: "tool", positive: "first", candidates: undefined, teacher: false },
  ] as const)("of $task open and give groups", async ({ task, positive, candidates, teacher }) => {
    await using rows = await openRowFile(join(toy, `${task}.json`));
    expect(rows).toMatchObject({ name: task, task, length: 8, withTeacher: teacher, withNegatives: true });
    for (let index = 0; index < rows.length; index++) {
      const read = await rows.read(index);
      if (candidates !== undefined) expect(read.pos.length + read.neg.length).toBe(candidates);
      const group = sampleGroup(read, { size: 8, positive, negative: "random" }, createRandom(index));
      expect(group?.keys).toHaveLength(8);
      expect(group?.teacherScores?.length).toBe(teacher ? 8 : undefined);
      if (positive === "teacher")
        expect(group?.teacherScores?.[0]).toBe(Math.max(...(read.teacherScores ?? [])));
    }
  });
});
