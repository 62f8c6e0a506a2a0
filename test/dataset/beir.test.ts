import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readBenchmark } from "#src/dataset/index.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "beir-"));
  mkdirSync(join(folder, "qrels"));
  write("corpus.jsonl", ['{"_id":"d1","title":"Whales","text":"sing."}', '{"_id":"d2","text":"Owls turn."}']);
  write("queries.jsonl", [
    '{"_id":"q1","text":"who sings?","history":[{"role":"user","text":"hi"},{"role":"assistant","text":"yes"}]}',
    '{"_id":"q2","text":"who turns?","metadata":{"a":1}}',
    '{"_id":"q3","text":"who?"}',
  ]);
  write("qrels/dev.tsv", ["query-id\tcorpus-id\tscore", "q2\td2\t2", "q1\td1\t1", "q3\td1\t0"]);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, lines: readonly string[], end = "\n"): void {
  writeFileSync(join(folder, name), lines.join(end) + end);
}

describe("readBenchmark", () => {
  it("reads texts, histories and gains, and leaves out queries without gold", async () => {
    const notices: string[] = [];
    const benchmark = await readBenchmark(folder, { onNotice: (notice) => notices.push(notice) });
    expect(benchmark.split).toBe("dev");
    expect(benchmark.corpus).toEqual([
      { id: "d1", text: "Whales sing." },
      { id: "d2", text: "Owls turn." },
    ]);
    expect(benchmark.queries.map(({ id, history }) => [id, history.length])).toEqual([
      ["q1", 2],
      ["q2", 0],
    ]);
    expect(benchmark.qrels.get("q2")).toEqual(new Map([["d2", 2]]));
    expect(benchmark.leftOut).toEqual({ withoutGold: 1, unknownQueries: 0, unknownDocuments: 0 });
    expect(notices).toEqual([expect.stringMatching(/dev\.tsv: 1 queries have no gold/)]);
  });

  it("prefers test to dev, and takes the split it is told", async () => {
    write("qrels/test.tsv", ["q1\td1\t1"]);
    expect((await readBenchmark(folder)).queries).toHaveLength(1);
    expect((await readBenchmark(folder, { split: "dev" })).queries).toHaveLength(2);
  });

  it("takes queries evenly spaced where there are more than wanted", async () => {
    const ids = Array.from({ length: 10 }, (_, index) => `q${index}`);
    write(
      "queries.jsonl",
      ids.map((id) => JSON.stringify({ _id: id, text: id })),
    );
    write(
      "qrels/dev.tsv",
      ids.map((id) => `${id}\td1\t1`),
    );
    const kept = async (maxQueries: number) =>
      (await readBenchmark(folder, { maxQueries })).queries.map(({ id }) => id);
    expect(await kept(5)).toEqual(["q0", "q2", "q4", "q6", "q8"]);
    expect(await kept(3)).toEqual(["q0", "q4", "q7"]);
    expect(await kept(99)).toEqual(ids);
  });

  it("reads Windows line ends", async () => {
    write("qrels/dev.tsv", ["query-id\tcorpus-id\tscore", "q1\td1\t1"], "\r\n");
    expect((await readBenchmark(folder)).qrels).toEqual(new Map([["q1", new Map([["d1", 1]])]]));
  });

  it("counts judgements of what is not there; gold that is not there stays gold", async () => {
    write("qrels/dev.tsv", ["q1\td1\t1", "q1\td9\t1", "q9\td1\t1"]);
    const notices: string[] = [];
    const benchmark = await readBenchmark(folder, { onNotice: (notice) => notices.push(notice) });
    expect(benchmark.leftOut).toEqual({ withoutGold: 0, unknownQueries: 1, unknownDocuments: 1 });
    expect(benchmark.qrels.get("q1")?.size).toBe(2);
    expect(notices).toHaveLength(2);
  });

  it.each<[string, string, string[], RegExp]>([
    ["a broken line", "corpus.jsonl", ['{"_id":"d1","text":"a"}', "{"], /corpus\.jsonl:2: not valid JSON/],
    ["a line that is no object", "corpus.jsonl", ["[]"], /corpus\.jsonl:1: got a list, wanted a JSON object/],
    ["a document without text", "corpus.jsonl", ['{"_id":"d1"}'], /corpus\.jsonl:1: "text" is absent/],
    ["an empty corpus", "corpus.jsonl", [], /corpus\.jsonl: no documents/],
    [
      "a document twice",
      "corpus.jsonl",
      ['{"_id":"d1","text":"a"}', '{"_id":"d1","text":"b"}'],
      /corpus\.jsonl:2: "_id" "d1" comes twice/,
    ],
    [
      "a query twice",
      "queries.jsonl",
      ['{"_id":"q1","text":"a"}', '{"_id":"q1","text":"b"}'],
      /queries\.jsonl:2: "_id" "q1" comes twice/,
    ],
    [
      "a history that is no list",
      "queries.jsonl",
      ['{"_id":"q1","text":"a","history":"b"}'],
      /:1: "history"/,
    ],
    [
      "a turn without text",
      "queries.jsonl",
      ['{"_id":"q1","text":"a","history":[{"role":"user"}]}'],
      /:1: "text"/,
    ],
    ["two columns", "qrels/dev.tsv", ["q1\td1\t1", "q1\td2"], /dev\.tsv:2: got "q1\td2"; wanted/],
    ["a gain that is no number", "qrels/dev.tsv", ["q1\td1\thigh"], /dev\.tsv:1/],
    ["a judgement twice", "qrels/dev.tsv", ["q1\td1\t1", "q1\td1\t0"], /dev\.tsv:2: query "q1" judges/],
    [
      "queries of another set",
      "qrels/dev.tsv",
      ["x\td1\t1"],
      /no judged query with gold is in .*queries\.jsonl/,
    ],
    [
      "a corpus of another set",
      "qrels/dev.tsv",
      ["q1\tx\t1"],
      /no judged document with gold is in .*corpus\.jsonl/,
    ],
  ])("refuses %s", async (_, name, lines, message) => {
    write(name, lines);
    await expect(readBenchmark(folder)).rejects.toThrow(message);
    await expect(readBenchmark(folder)).rejects.toMatchObject({ code: "invalid_data" });
  });

  it("names what is missing", async () => {
    await expect(readBenchmark(folder, { split: "train" })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/train\.tsv: no such split; there are: dev/),
    });
    rmSync(join(folder, "queries.jsonl"));
    await expect(readBenchmark(folder)).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/queries\.jsonl/),
    });
    await expect(readBenchmark(join(folder, "none"))).rejects.toMatchObject({ code: "not_found" });
  });
});
