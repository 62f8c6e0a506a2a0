import { describe, expect, it } from "vitest";
import { type Bar, type BarChart, barChart } from "#src/report/index.js";
import { parseXml } from "../support/well-formed.ts";

const hostile = `</text><script>alert("x")</script> & 'so' ]]> \u0000\ud800`;

function chartOf(bars: readonly Bar[], given: Partial<BarChart> = {}): Promise<string> {
  return barChart({ title: "Chart", value: { label: "nDCG@10" }, bars, ...given });
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly fill: string;
  readonly opacity: number;
}

/** The bars of a chart in pixels, those of a negative value with their left end as x. */
function barsOf(svg: string): Box[] {
  const [, group = ""] = /<g class="mark-rect role-mark layer_1_marks[^>]*>(.*?)<\/g>/.exec(svg) ?? [];
  const path = /d="M([-\d.]+),([-\d.]+)h([-\d.]+)v([-\d.]+)h[^"]*" fill="([^"]*)" opacity="([^"]*)"/g;
  return [...group.matchAll(path)].map(([, x, y, width, height, fill = "", opacity]) => ({
    x: Number(x),
    y: Number(y),
    width: Number(width),
    height: Number(height),
    fill,
    opacity: Number(opacity),
  }));
}

/** The whiskers of a chart: both ends in pixels, and the height at which they are. */
function whiskersOf(svg: string): { readonly low: number; readonly high: number; readonly y: number }[] {
  const [, group = ""] = /<g class="mark-rule role-mark[^>]*>(.*?)<\/g>/.exec(svg) ?? [];
  const line = /translate\(([-\d.]+),([-\d.]+)\)" x2="([-\d.]+)"/g;
  return [...group.matchAll(line)].map(([, x, y, length]) => {
    const ends = [Number(x), Number(x) + Number(length)];
    return { low: Math.min(...ends), high: Math.max(...ends), y: Number(y) };
  });
}

describe("barChart", () => {
  it("draws bars from 0 in proportion, each with its whisker and its number", async () => {
    const svg = await chartOf([
      { name: "a", value: 0.2, low: 0.1, high: 0.4 },
      { name: "b", value: 0.4 },
    ]);
    const [a, b, ...more] = barsOf(svg) as [Box, Box];
    expect(more).toEqual([]);
    expect([a.x, b.x]).toEqual([0, 0]);
    expect(b.width / a.width).toBeCloseTo(2, 3);
    const whiskers = whiskersOf(svg);
    expect(whiskers).toHaveLength(1);
    expect((whiskers[0]?.low ?? 0) / a.width).toBeCloseTo(0.5, 3);
    expect((whiskers[0]?.high ?? 0) / a.width).toBeCloseTo(2, 3);
    expect(whiskers[0]?.y).toBeCloseTo(a.y + a.height / 2, 1);
    const { texts } = parseXml(svg);
    for (const text of ["a", "b", "0.2000", "0.4000", "nDCG@10"]) expect(texts).toContain(text);
  });

  it("draws a value below 0 to the left", async () => {
    const [below, above] = barsOf(
      await chartOf([
        { name: "a", value: -0.2 },
        { name: "b", value: 0.1 },
      ]),
    ) as [Box, Box];
    expect(below.x + below.width).toBeCloseTo(above.x, 3);
    expect(below.width / above.width).toBeCloseTo(2, 3);
  });

  it("groups series under their name, each in an ink of its own, with a legend", async () => {
    const svg = await chartOf(
      ["none", "bm25"].flatMap((name) =>
        ["small", "large"].map((series, at) => ({ name, series, value: 0.1 * (at + 1) })),
      ),
    );
    const bars = barsOf(svg).sort((left, right) => left.y - right.y) as [Box, Box, Box, Box];
    expect(new Set(bars.map(({ fill }) => fill)).size).toBe(2);
    expect(bars.map(({ fill }) => fill === bars[0].fill)).toEqual([true, false, true, false]);
    expect(bars[2].y - bars[1].y).toBeGreaterThan(bars[1].y - bars[0].y);
    const { texts } = parseXml(svg);
    for (const name of ["small", "large"]) expect(texts).toContain(name);
    expect(parseXml(await chartOf([{ name: "a", series: "alone", value: 1 }])).texts).not.toContain("alone");
  });

  it("gives a series the same ink in charts that are read together", async () => {
    const series = ["small", "large"];
    const [both, alone] = await Promise.all(
      [series, ["large"]].map((shown) =>
        chartOf(
          shown.map((name) => ({ name: "a", series: name, value: 1 })),
          { series },
        ),
      ),
    );
    const fillsOf = (svg: string | undefined): string[] => barsOf(svg ?? "").map(({ fill }) => fill);
    expect(new Set(fillsOf(both)).size).toBe(2);
    expect(fillsOf(alone)).toHaveLength(1);
    expect(fillsOf(alone)[0]).toBe(fillsOf(both)[1]);
  });

  it("tells apart twelve series", async () => {
    const svg = await chartOf(
      Array.from({ length: 12 }, (_, at) => ({ name: "a", series: `s${at}`, value: 1 })),
    );
    expect(new Set(barsOf(svg).map(({ fill, opacity }) => `${fill} ${opacity}`)).size).toBe(12);
  });

  it("is well-formed with whatever texts, runs none of them, and names nothing by id", async () => {
    const svg = await chartOf([{ name: hostile, series: hostile, value: 1 }], {
      title: hostile,
      value: { label: hostile },
    });
    const { elements, texts } = parseXml(svg);
    expect(elements.map(({ name }) => name)).not.toContain("script");
    expect(texts.filter((text) => text.startsWith("</text><script>")).length).toBeGreaterThan(2);
    expect(svg).not.toMatch(/href|url\(|@import|@font-face|<image|\bid=/);
  });

  it("leaves out what is not finite and counts it; a broken whisker costs no bar", async () => {
    const svg = await chartOf([
      { name: "a", value: Number.NaN },
      { name: "b", value: 1, low: Number.NEGATIVE_INFINITY, high: 2 },
    ]);
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect([barsOf(svg).length, whiskersOf(svg).length]).toEqual([1, 0]);
    expect(parseXml(svg).texts).toContain("left out: 1 bar that cannot be drawn");
  });

  it("says that there is nothing to draw", async () => {
    expect(parseXml(await chartOf([])).texts).toContain("nothing to draw");
  });

  it("is the same for the same chart, whatever was drawn before", async () => {
    const bars = [{ name: "a", value: 1, low: 0.5, high: 2 }];
    const first = await chartOf(bars);
    await chartOf([{ name: "other", value: 3 }]);
    expect(await chartOf(bars)).toBe(first);
  });

  it("refuses two bars of one name and series", async () => {
    const twice = [
      { name: "a", value: 1 },
      { name: "a", value: 2 },
    ];
    await expect(chartOf(twice)).rejects.toMatchObject({ code: "invalid_argument" });
  });
});
