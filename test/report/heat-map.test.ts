import { describe, expect, it } from "vitest";
import { type HeatMap, heatMap } from "#src/report/index.js";
import { parseXml } from "../support/well-formed.ts";

const hostile = `</text><script>alert("x")</script> & 'so' ]]> \u0000\ud800`;

function mapOf(given: Partial<HeatMap>): Promise<string> {
  return heatMap({
    title: "Map",
    rows: ["a", "b"],
    columns: [{ name: "one" }],
    values: [[1], [2]],
    ...given,
  });
}

/** How strongly each cell is inked, column by column from the top down. */
function inksOf(svg: string): number[] {
  const [, group = ""] = /<g class="mark-rect role-mark[^>]*>(.*?)<\/g>/.exec(svg) ?? [];
  return [...group.matchAll(/ fill-opacity="([^"]*)"/g)].map(([, opacity]) => Number(opacity));
}

describe("heatMap", () => {
  it("inks each column from its own worst to its own best, and writes the numbers", async () => {
    const svg = await mapOf({
      rows: ["a", "b", "c"],
      columns: [{ name: "score" }, { name: "perplexity", lowerIsBetter: true }],
      values: [
        [0.1, 30],
        [0.2, 20],
        [0.5, 10],
      ],
    });
    const inks = inksOf(svg);
    const [worst, second, best] = inks as [number, number, number];
    expect(worst).toBeLessThan(best);
    expect((second - worst) / (best - worst)).toBeCloseTo(0.25, 6);
    expect(inks.slice(3)).toEqual([worst, (worst + best) / 2, best]);
    const { texts } = parseXml(svg);
    for (const text of ["a", "c", "score", "perplexity", "0.1000", "0.5000", "30", "10"]) {
      expect(texts).toContain(text);
    }
  });

  it("leaves missing cells blank", async () => {
    const svg = await mapOf({
      columns: [{ name: "one" }, { name: "two" }],
      values: [
        [1, undefined],
        [2, Number.NaN],
      ],
    });
    expect(inksOf(svg)).toHaveLength(2);
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  it("inks equal values half", async () => {
    const [worst = 0, best = 0] = inksOf(await mapOf({}));
    expect(inksOf(await mapOf({ values: [[3], [3]] }))).toEqual([(worst + best) / 2, (worst + best) / 2]);
  });

  it("is well-formed with whatever texts, runs none of them, and names nothing by id", async () => {
    const svg = await mapOf({ title: hostile, rows: [hostile, "b"], columns: [{ name: hostile }] });
    const { elements, texts } = parseXml(svg);
    expect(elements.map(({ name }) => name)).not.toContain("script");
    expect(texts.filter((text) => text.startsWith("</text><script>")).length).toBeGreaterThan(2);
    expect(svg).not.toMatch(/href|url\(|@import|@font-face|<image|\bid=/);
  });

  it("says that there is nothing to draw", async () => {
    expect(parseXml(await mapOf({ rows: [], columns: [], values: [] })).texts).toContain("nothing to draw");
  });

  it("is the same for the same map", async () => {
    expect(await mapOf({})).toBe(await mapOf({}));
  });

  it.each<[string, Partial<HeatMap>]>([
    ["two rows of one name", { rows: ["a", "a"] }],
    [
      "two columns of one name",
      {
        columns: [{ name: "one" }, { name: "one" }],
        values: [
          [1, 2],
          [1, 2],
        ],
      },
    ],
    ["a row too few", { values: [[1]] }],
    ["a value too many", { values: [[1], [1, 2]] }],
  ])("refuses %s", async (_, given) => {
    await expect(mapOf(given)).rejects.toMatchObject({ code: "invalid_argument" });
  });
});
