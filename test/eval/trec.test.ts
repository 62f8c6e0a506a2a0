import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatRun, type Run, rank, readRun, strictlyFalling, writeRun } from "#src/eval/index.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "trec-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const run: Run = new Map([
  [
    "q1",
    [
      { id: "a", score: 0.5 },
      { id: "b", score: 0.75 },
      { id: "c", score: 0.5 },
    ],
  ],
  ["q2", []],
]);

describe("TREC runs", () => {
  it("has six columns, ranks from 1, and ties told apart in trec_eval's order", () => {
    expect([...formatRun(run, "mini")].join("")).toBe(
      "q1 Q0 b 1 0.75 mini\nq1 Q0 c 2 0.5 mini\nq1 Q0 a 3 0.4999999701976776 mini\n",
    );
  });

  it("keeps 100 documents of a query", () => {
    const long = Array.from({ length: 150 }, (_, index) => ({ id: `d${index}`, score: -index }));
    const lines = [...formatRun(new Map([["q", long]]), "t")];
    expect(lines).toHaveLength(100);
    expect(lines.at(-1)).toBe("q Q0 d99 100 -99 t\n");
  });

  it("reads back what it wrote, in the same order", async () => {
    const path = join(folder, "a.run");
    await writeRun(path, run, "tag");
    const again = await readRun(path);
    expect(rank(again.get("q1") ?? []).map(({ id }) => id)).toEqual(["b", "c", "a"]);
    await writeRun(join(folder, "b.run"), again, "tag");
    expect(readFileSync(join(folder, "b.run"), "utf8")).toBe(readFileSync(path, "utf8"));
  });

  it("lets scores fall strictly as 32-bit floats, whatever they are", () => {
    const scores = fc.array(
      fc.oneof(
        fc.float({ noNaN: true, noDefaultInfinity: true, max: 2 ** 100, min: -(2 ** 100) }),
        fc.constant(0),
      ),
    );
    fc.assert(
      fc.property(scores, (values) => {
        const ranking = rank(values.map((score, index) => ({ id: String(index), score })));
        const falling = strictlyFalling(ranking).map(({ score }) => score);
        expect(falling.map(Math.fround)).toEqual(falling);
        for (let index = 1; index < falling.length; index++) {
          expect(falling[index]).toBeLessThan(falling[index - 1] ?? Number.NaN);
        }
      }),
    );
  });

  it.each([
    ["five columns", "q Q0 d 1 0.5 t\nq Q0 d 1 0.5\n", /x\.run:2: got "q Q0 d 1 0\.5"; wanted/],
    ["a score in words", "q Q0 d 1 high t\n", /x\.run:1/],
    ["a document twice", "q Q0 d 1 2 t\nq Q0 d 2 1 t\n", /x\.run:2: query "q" ranks "d" twice/],
  ])("refuses %s", async (_, text, message) => {
    writeFileSync(join(folder, "x.run"), text);
    await expect(readRun(join(folder, "x.run"))).rejects.toThrow(message);
  });

  it("refuses ids with white space, which the format cannot carry", () => {
    const spaced: Run = new Map([["q", [{ id: "a b", score: 1 }]]]);
    expect(() => [...formatRun(spaced, "t")]).toThrow(/document id "a b"/);
    expect(() => [...formatRun(run, "")]).toThrow(/tag ""/);
  });
});
