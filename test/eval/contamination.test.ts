import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rowBatches } from "#src/dataset/index.js";
import { findContamination } from "#src/eval/index.js";
import { folderWith } from "../support/benchmark-folder.ts";

const long =
  "the keeper of the light at the end of the pier writes the names of all ships into a grey book every night";
const rows = [
  { query: "Who keeps the light?", pos: [long, "short text"], neg: ["What is a knot?"] },
  { query: "How deep is the harbour", pos: ["The harbour is nine metres deep."] },
];

async function find(
  queries: readonly string[],
  golds: readonly string[],
): ReturnType<typeof findContamination> {
  const file = join(folderWith({ "rows.jsonl": rows }), "rows.jsonl");
  return await findContamination({ queries, golds, rows: rowBatches(file, 1, {}) });
}

describe("findContamination", () => {
  it("finds the same text whatever its case and punctuation, and names the row", async () => {
    const { queries, golds } = await find(
      ["who keeps the LIGHT", "What is a knot?", "who keeps the light"],
      ["the harbour is nine metres deep", "unknown"],
    );
    expect(queries).toMatchObject({ of: 2, same: 1, near: 0 });
    expect(queries.examples[0]?.place).toMatch(/rows\.jsonl:1$/);
    expect(golds).toMatchObject({ of: 2, same: 1, near: 0 });
    expect(golds.examples).toEqual([
      { text: "the harbour is nine metres deep", place: expect.stringMatching(/:2$/) },
    ]);
  });

  it("finds a long text of which little was changed, and not one of which much was", async () => {
    const words = long.split(" ");
    const little = [...words.slice(0, -1), "morning"].join(" ");
    const much = words.map((word, at) => (at % 6 === 0 ? "other" : word)).join(" ");
    const { golds } = await find([], [little, much, "short texts"]);
    expect(golds).toMatchObject({ of: 3, same: 0, near: 1, examples: [{ text: little }] });
  });

  it("finds a text within a longer one", async () => {
    const { golds } = await find([], [long.split(" ").slice(0, 14).join(" ")]);
    expect(golds.near).toBe(1);
  });
});
