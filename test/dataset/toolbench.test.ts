import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { readToolbench } from "#src/dataset/index.js";
import { folderWith } from "../support/benchmark-folder.ts";

const api = (name: string, more: object = {}) =>
  JSON.stringify({
    category_name: "Sea",
    tool_name: "Tides",
    api_name: name,
    api_description: null,
    ...more,
  });

/** As pandas writes a cell with quotes in it. */
const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;

const get = api("Get", {
  required_parameters: [{ name: "port", type: "STRING", default: "Ærø" }],
  template_response: { ok: "bool", level: 5 },
}).replace('"level":5', '"level":5.0');

const files = {
  "corpus.tsv": `docid\tdocument_content\n1\t${quoted(get)}\n2\t${quoted(api("Put"))}\n1\t${quoted(get)}\n`,
  "test.query.txt": `10\tWhen is high tide?\n11\t"two\nlines, ""quoted"""\n10\tWhen is high tide?\n12\tnothing helps\n13\tunjudged\n`,
  "qrels.test.tsv": "10\t0\t1\t1\n10\t0\t2\t1\n11\t0\t9\t1\n12\t0\t2\t0\n",
};

describe("readToolbench", () => {
  it("gives instructions and APIs once, texts as Python prints them, and counts what it leaves out", async () => {
    const notices: string[] = [];
    const folder = folderWith(files);
    const benchmark = await readToolbench(folder, { onNotice: (notice) => notices.push(notice) });
    expect(benchmark.corpus).toEqual([
      {
        id: "1",
        text: 'Sea, Tides, Get, , required_params: [{"name": "port", "type": "STRING", "default": "\\u00c6r\\u00f8"}], optional_params: "", return_schema: {"ok": "bool", "level": 5.0}',
      },
      { id: "2", text: 'Sea, Tides, Put, , required_params: "", optional_params: "", return_schema: ""' },
    ]);
    expect(benchmark.queries).toEqual([
      { id: "10", text: "When is high tide?", history: [] },
      { id: "11", text: 'two\nlines, "quoted"', history: [] },
    ]);
    expect([...benchmark.qrels].map(([id, judged]) => [id, [...judged]])).toEqual([
      [
        "10",
        [
          ["1", 1],
          ["2", 1],
        ],
      ],
      ["11", [["9", 1]]],
    ]);
    expect(benchmark.leftOut).toEqual({ withoutGold: 2, unknownQueries: 0, unknownDocuments: 1 });
    expect(notices).toEqual([
      expect.stringMatching(/qrels\.test\.tsv: 2 queries have no gold/),
      expect.stringMatching(/1 judged documents are not in corpus\.tsv/),
    ]);
    expect((await readToolbench(folder, { maxQueries: 1 })).queries.map(({ id }) => id)).toEqual(["10"]);
  });

  it.each([
    ["corpus.tsv", "docid\tdocument_content\n1\tGet tides\n", /corpus\.tsv:2: document_content is no JSON/],
    ["corpus.tsv", "docid\tdocument_content\n1\n", /corpus\.tsv:2: got "1"; wanted docid/],
    ["corpus.tsv", "docid\tdocument_content\n1\t[]\n", /corpus\.tsv:2: got a list, wanted a JSON object/],
    ["test.query.txt", "10\ta\n\n10\tb\n", /test\.query\.txt:3: query "10" comes again with another text/],
    ["test.query.txt", "10 a\n", /test\.query\.txt:1: got "10 a"; wanted qid/],
    ["qrels.test.tsv", "10\t0\t1\t1\n10\t0\t2\n", /qrels\.test\.tsv:2: got "10 0 2"; wanted qid/],
    ["qrels.test.tsv", "99\t0\t1\t1\n", /no judged query with gold is in .*test\.query\.txt/],
    ["qrels.test.tsv", "10\t0\t7\t1\n", /no judged document with gold is in .*corpus\.tsv/],
  ])("refuses a malformed %s", async (name, text, message) => {
    await expect(readToolbench(folderWith({ ...files, [name]: text }))).rejects.toThrow(message);
  });

  it("refuses a split that is not there", async () => {
    await expect(readToolbench(folderWith(files), { split: "dev" })).rejects.toMatchObject({
      code: "not_found",
    });
  });

  const toy = resolve(process.env["RETRIEVE_DATA"] ?? "../shared/data", "llm_embedder_toy/toy/tool.json");
  if (!existsSync(toy)) console.warn(`skipped: ${toy} is not there (set RETRIEVE_DATA)`);
  it.skipIf(!existsSync(toy))("has the texts of LLM-Embedder, from the fields that they show", async () => {
    const rows: { pos: string[]; neg: string[] }[] = readFileSync(toy, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const texts = [...new Set(rows.flatMap(({ pos, neg }) => [...pos, ...neg]))];
    const corpus = texts.map((text, at) => `${at}\t${quoted(documentOf(text))}\n`);
    const folder = folderWith({ ...files, "corpus.tsv": corpus.join(""), "qrels.test.tsv": "10\t0\t1\t1\n" });
    expect((await readToolbench(folder)).corpus.map(({ text }) => text)).toEqual(texts);
    expect(texts.length).toBeGreaterThan(50);
  });

  /** Compact JSON of the fields, the first three words of the text in its category. */
  function documentOf(text: string): string {
    const pattern = /^(.*), required_params: (.*?), optional_params: (.*?), return_schema: (.*)$/s;
    const [, words = "", required = "", optional = "", schema = ""] = pattern.exec(text) ?? [];
    const [category_name = "", tool_name = "", api_name = "", ...description] = words.split(", ");
    const own = { category_name, tool_name, api_name, api_description: description.join(", ") };
    const lists = `"required_parameters":${required},"optional_parameters":${optional},"template_response":${schema}`;
    return `${JSON.stringify(own).slice(0, -1)},${lists}}`;
  }
});
