import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPopqa } from "#src/dataset/index.js";
import { folderWith } from "../../support/benchmark-folder.ts";

const heading = "id\tsubj\tprop\tprop_id\tquestion\tpossible_answers\n";

describe("readPopqa", () => {
  it("reads the owners' table by its heading: lists as JSON in quoted cells", async () => {
    const folder = folderWith({
      "popQA.tsv": `${heading}41\tAda Berg\toccupation\t22\tWhat is Ada Berg's occupation?\t"[""ferry captain"", ""captain \\u00e9""]"\n42\tTern\tcolor\t472\tWhat color is "Tern"?\t[]\n`,
    });
    expect(await readPopqa(folder, { split: "test" })).toEqual([
      {
        id: "41",
        question: "What is Ada Berg's occupation?",
        relation: "occupation",
        answers: ["ferry captain", "captain é"],
      },
      { id: "42", question: 'What color is "Tern"?', relation: "color", answers: [] },
    ]);
    expect(await readPopqa(join(folder, "popQA.tsv"), { split: "any" })).toHaveLength(2);
  });

  it("reads the bundle's lines", async () => {
    const folder = folderWith({
      "test.json": [
        { query: "Where was Ada born?", query_id: 3, prop_id: 218, possible_answers: ["Marstal", ""] },
        { query: "Who wrote Tern?", prop_id: 484, possible_answers: [] },
      ],
    });
    expect(await readPopqa(folder, { split: "test" })).toEqual([
      { id: "3", question: "Where was Ada born?", relation: "218", answers: ["Marstal"] },
      { id: "1", question: "Who wrote Tern?", relation: "484", answers: [] },
    ]);
  });

  it.each([
    ["id\tquestion\n1\tq\n", /popQA\.tsv:1: the heading has no prop, possible_answers/],
    [`${heading}1\tAda\tcolor\t472\n`, /popQA\.tsv:2: got 4 cells/],
    [
      `${heading}1\tAda\tcolor\t472\tq\tred, blue\n`,
      /popQA\.tsv:2: possible_answers is red, blue; wanted a list/,
    ],
    [
      `${heading}1\tAda\tcolor\t472\tq\t[]\n1\tBo\tcolor\t472\tr\t[]\n`,
      /popQA\.tsv:3: question "1" comes twice/,
    ],
  ])("names the line of a fault", async (text, message) => {
    const folder = folderWith({ "popQA.tsv": text });
    await expect(readPopqa(folder, { split: "test" })).rejects.toThrow(message);
  });

  it("has the table for the test part alone", async () => {
    const folder = folderWith({ "popQA.tsv": heading });
    await expect(readPopqa(folder, { split: "dev" })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/holds none of dev\.json/),
    });
  });
});
