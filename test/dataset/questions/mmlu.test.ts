import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mmluCategories, readMmlu } from "#src/dataset/index.js";
import { folderWith } from "../../support/benchmark-folder.ts";

const owners = {
  "test/anatomy_test.csv":
    'Which tide is "neap"?,low,"high, always",mean,none,A\n\n"Two lines:\n""spring"" and ""neap"". Which is 2?",spring,,neap,None,c\n',
  "test/virology_test.csv": "What floats?,cork,lead,iron,zinc,A\r\n",
  "dev/virology_dev.csv": "What sinks?,cork,lead,wax,oil,B\n",
};

describe("readMmlu", () => {
  it("reads the owners' tables: quoted cells, line breaks, blank choices, no heading", async () => {
    const folder = folderWith(owners);
    expect(await readMmlu(folder, { split: "test" })).toEqual([
      {
        id: "anatomy-1",
        subject: "anatomy",
        question: 'Which tide is "neap"?',
        choices: ["low", "high, always", "mean", "none"],
        answer: 0,
      },
      {
        id: "anatomy-2",
        subject: "anatomy",
        question: 'Two lines:\n"spring" and "neap". Which is 2?',
        choices: ["spring", "", "neap", "None"],
        answer: 2,
      },
      {
        id: "virology-1",
        subject: "virology",
        question: "What floats?",
        choices: ["cork", "lead", "iron", "zinc"],
        answer: 0,
      },
    ]);
    expect(await readMmlu(folder, { split: "dev" })).toMatchObject([{ id: "virology-1", answer: 1 }]);
  });

  it("reads the bundle's lines, a blank choice keeps its place, an answer is a place or a letter", async () => {
    const row = { query: "Which?", choices: ["", "x", 3, "y"], subject: "astronomy" };
    const folder = folderWith({
      "test.json": [
        { ...row, query_id: 7, answer: 2 },
        { ...row, answer: "D" },
      ],
    });
    expect(await readMmlu(folder, { split: "test" })).toEqual([
      { id: "7", subject: "astronomy", question: "Which?", choices: ["", "x", "3", "y"], answer: 2 },
      { id: "1", subject: "astronomy", question: "Which?", choices: ["", "x", "3", "y"], answer: 3 },
    ]);
  });

  it.each([
    ["a short line", "What?,a,b,c,A\n", /anatomy_test\.csv:3: got 5 cells; wanted a question, four choices/],
    ["a letter that is no choice", "What?,a,b,c,d,E\n", /anatomy_test\.csv:3: there are 4 choices/],
    ["two letters", "What?,a,b,c,d,AB\n", /anatomy_test\.csv:3: there are 4 choices/],
    ["an open quote", 'What?,a,"b,c,d,A\n\n', /anatomy_test\.csv:3: .* does not end/],
  ])("names the line of %s", async (_, line, message) => {
    const folder = folderWith({ "test/anatomy_test.csv": `"Two\nlines",a,b,c,d,A\n${line}` });
    await expect(readMmlu(folder, { split: "test" })).rejects.toThrow(message);
  });

  const row = { query: "q", query_id: 1, choices: ["a", "b"], subject: "anatomy", answer: 0 };
  it.each([
    ["an id that comes twice", [row, row], /test\.json:2: question "1" comes twice/],
    ["no choices", [{ ...row, choices: [] }], /test\.json:1: there are 0 choices/],
    ["half an answer", [{ ...row, answer: 0.5 }], /test\.json:1: .* none of them/],
    ["a subject of its own", [{ ...row, subject: "knots" }], /test\.json:1: "knots" is none of MMLU's 57/],
    ["no question", [{ ...row, query: null }], /test\.json:1: "query" is absent/],
    ["nothing", [], /no question in split test/],
  ])("refuses a bundle with %s", async (_, rows, message) => {
    await expect(readMmlu(folderWith({ "test.json": rows }), { split: "test" })).rejects.toThrow(message);
  });

  it("names the splits that are there", async () => {
    const folder = folderWith(owners);
    await expect(readMmlu(folder, { split: "val" })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/neither val\.json nor a folder val; there are: dev, test/),
    });
    await expect(readMmlu(join(folder, "gone"), { split: "test" })).rejects.toMatchObject({
      code: "not_found",
    });
  });
});

/** Counts that follow from `subcategories` and `categories` of hendrycks/test, `categories.py`. */
it("mmluCategories puts the 57 subjects into four", () => {
  const counts = Object.values(mmluCategories).reduce<Record<string, number>>(
    (all, category) => Object.assign(all, { [category]: (all[category] ?? 0) + 1 }),
    {},
  );
  expect(counts).toEqual({ STEM: 18, "Social sciences": 12, Humanities: 13, Other: 14 });
});
