import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pythonFields } from "#src/dataset/python-json.js";
import { parsePythonTexts } from "#src/dataset/python-list.js";

interface Golden {
  readonly lists: readonly { readonly list: string; readonly texts: readonly string[] }[];
  readonly objects: readonly {
    readonly json: string;
    readonly fields: readonly (readonly [string, string])[];
  }[];
}

const golden: Golden = JSON.parse(
  readFileSync(join(import.meta.dirname, "../golden/python-text.json"), "utf8"),
);

describe("parsePythonTexts", () => {
  it("reads what Python reads", () => {
    for (const { list, texts } of golden.lists) expect(parsePythonTexts(list, "here")).toEqual(texts);
    expect(golden.lists.length).toBeGreaterThan(50);
  });

  it.each(["", "a", "['a'", "['a' 'b']", "['a', 1]", "['a'] + ['b']", "['a\\']", "[print('a')]"])(
    "refuses %s and says where",
    (list) =>
      expect(() => parsePythonTexts(list, "nq.csv:7")).toThrow(/nq\.csv:7: got .* wanted a list of texts/s),
  );
});

it("pythonFields prints the values of an object as json.dumps does", () => {
  for (const { json, fields } of golden.objects) expect([...pythonFields(json)]).toEqual(fields);
  expect(golden.objects.length).toBeGreaterThan(50);
});
