import { describe, expect, it } from "vitest";
import { type LineChart, lineChart, type Point } from "#src/report/index.js";
import { createRandom } from "#src/std/index.js";
import { parseXml } from "../support/well-formed.ts";

const hostile = `</text><script>alert("x")</script> & 'so' ]]> \u0000\ud800 ${"é".repeat(3)}`;
const legible = `</text><script>alert("x")</script> & 'so' ]]>  ééé`;

function chartOf(series: LineChart["series"], given: Partial<LineChart> = {}): Promise<string> {
  return lineChart({ title: "Chart", x: { label: "step" }, y: { label: "loss" }, series, ...given });
}

/** The lines of a chart: for each the points of its path in pixels. */
function pathsOf(svg: string, mark = "line"): Point[][] {
  const groups = svg.matchAll(new RegExp(`<g class="mark-${mark} role-mark[^>]*>(.*?)</g>`, "g"));
  return [...groups].flatMap(([, group = ""]) =>
    [...group.matchAll(/ d="M([^"]*)"/g)].map(([, path = ""]) =>
      path
        .replace(/Z$/, "")
        .split("L")
        .map((pair): Point => pair.split(",").map(Number) as [number, number]),
    ),
  );
}

describe("lineChart", () => {
  it("draws the points where they belong", async () => {
    const svg = await chartOf([{ name: "a", points: steps(0, 10, 10, 10, 5) }]);
    const [[x0, y0], [x1, y1], , , [x2, y2]] = pathsOf(svg)[0] as [Point, Point, Point, Point, Point];
    expect((x1 - x0) / (x2 - x0)).toBeCloseTo(1 / 4, 3);
    expect((y0 - y2) / (y0 - y1)).toBeCloseTo(1 / 2, 3);
    expect(y1).toBeLessThan(y0);
  });

  it("draws equal ratios as equal heights on a logarithmic axis, without what is not above 0", async () => {
    const points = steps(1, 10, 100, 0, -1);
    const svg = await chartOf([{ name: "a", points }], { y: { label: "loss", log: true } });
    const [[[, y0], [, y1], [, y2], ...more]] = pathsOf(svg) as [[Point, Point, Point]];
    expect(more).toEqual([]);
    expect((y0 - y1) / (y1 - y2)).toBeCloseTo(1, 3);
    const { texts } = parseXml(svg);
    expect(texts).toContain("left out: 2 points that cannot be drawn");
    expect(texts).toContain("loss, logarithmic");
  });

  it("is well-formed with whatever texts, and runs none of them", async () => {
    const svg = await chartOf(
      [
        { name: hostile, points: [[0, 1]] },
        { name: "b", points: [] },
      ],
      { title: hostile, x: { label: hostile }, y: { label: hostile } },
    );
    const { elements, texts } = parseXml(svg);
    expect(elements.map(({ name }) => name)).not.toContain("script");
    expect(elements[0]?.attributes.get("aria-label")).toBe(legible);
    expect(texts.filter((text) => text.startsWith("</text><script>")).length).toBeGreaterThan(2);
  });

  it("names nothing outside itself and has no ids, so that many can stand in one page", async () => {
    const svg = await chartOf([{ name: "a", points: noise(1000) }]);
    expect(svg).not.toMatch(/href|url\(|@import|@font-face|<image|\bid=/);
    expect(svg.match(/https?:[^"]*/g)).toEqual(["http://www.w3.org/2000/svg"]);
  });

  it("is the same for the same chart, whatever was drawn before", async () => {
    const draw = (): Promise<string> => chartOf([{ name: "a", points: noise(500) }]);
    const first = await draw();
    await chartOf([{ name: "other", points: noise(3) }]);
    expect(await draw()).toBe(first);
  });

  it("leaves out points that are not finite, and counts them", async () => {
    const points: Point[] = [...steps(1, Number.NaN, 3), [Number.POSITIVE_INFINITY, 1]];
    const svg = await chartOf([
      { name: "a", points },
      { name: "b", points: [[1, Number.NEGATIVE_INFINITY]] },
    ]);
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect(pathsOf(svg).map((path) => path.length)).toEqual([2]);
    expect(parseXml(svg).texts).toContain("left out: 3 points that cannot be drawn");
  });

  it.each([
    ["no series", []],
    ["an empty series", [{ name: "a", points: [] }]],
  ])("says that there is nothing to draw in %s", async (_, series) => {
    for (const log of [false, true]) {
      const svg = await chartOf(series, { y: { label: "loss", log } });
      expect(parseXml(svg).texts).toContain("nothing to draw");
      expect(svg).not.toMatch(/NaN|undefined/);
    }
  });

  it("thins 10,000 points to a small chart, tells it, and keeps the extremes in the band", async () => {
    const points = noise(10_000);
    points[1234] = [1234, 9];
    points[5678] = [5678, -9];
    const many = Array.from({ length: 12 }, (_, at) => ({ name: `series ${at}`, points }));
    expect(Buffer.byteLength(await chartOf(many))).toBeLessThan(200_000);
    const svg = await chartOf([{ name: "a", points }]);
    expect(Buffer.byteLength(svg)).toBeLessThan(40_000);
    expect(parseXml(svg).texts).toContain("10,000 points as 400 means, with the band of their extremes");
    const [band = []] = pathsOf(svg, "area");
    const heights = band.map(([, y]) => y);
    // From -9 to 9: the extremes, and nothing else comes near them.
    expect(heights.filter((y) => y === Math.min(...heights))).toHaveLength(1);
    expect(heights.filter((y) => y === Math.max(...heights))).toHaveLength(1);
    expect((await pixelsOf(points)) / (Math.max(...heights) - Math.min(...heights))).toBeCloseTo(1, 2);
  });

  it("shows single points as dots", async () => {
    const svg = await chartOf([{ name: "a", points: [[3, 0.5]] }]);
    expect(svg.match(/<g class="mark-symbol role-mark[^>]*><path/g)).toHaveLength(1);
  });

  it("tells apart each of many series, on light paper and on dark", async () => {
    const series = Array.from({ length: 14 }, (_, at) => ({ name: `s${at}`, points: steps(at, at) }));
    const svg = await chartOf(series);
    const [lines = ""] = /<g class="mark-line role-mark.*?<g class="mark-(?!line)/.exec(svg) ?? [];
    const looks = [...lines.matchAll(/ d="M[^>]* stroke="[^>]*>/g)].map(([tag]) => {
      return /stroke="[^"]*"/.exec(tag)?.[0] + (/stroke-dasharray="[^"]*"/.exec(tag)?.[0] ?? "");
    });
    expect(looks).toHaveLength(14);
    expect(new Set(looks).size).toBe(14);
    const inks = [...svg.matchAll(/\[stroke="(#\w+)"\]\{stroke:(#\w+)\}/g)];
    expect(inks.length).toBeGreaterThan(4);
    for (const [, onLight = "", onDark = ""] of inks) {
      expect(contrast(onLight, "#ffffff")).toBeGreaterThan(3);
      expect(contrast(onDark, "#15181d")).toBeGreaterThan(3);
    }
  });

  it("refuses two series of one name", async () => {
    const twice = [
      { name: "a", points: [] },
      { name: "a", points: [] },
    ];
    await expect(chartOf(twice)).rejects.toMatchObject({ code: "invalid_argument" });
  });
});

/** Points at x = 0, 1, 2, … */
function steps(...ys: readonly number[]): Point[] {
  return ys.map((y, x) => [x, y]);
}

/** Uniform in [0, 1). */
function noise(count: number): Point[] {
  const random = createRandom(7);
  return Array.from({ length: count }, (_, at): Point => [at, random()]);
}

/** The height in pixels between the extremes of `points`, from a chart of these two alone over the same axis. */
async function pixelsOf(points: readonly Point[]): Promise<number> {
  const ys = points.map(([, y]) => y);
  const svg = await chartOf([{ name: "a", points: steps(Math.min(...ys), Math.max(...ys)) }]);
  const [[, low], [, high]] = pathsOf(svg)[0] as [Point, Point];
  return low - high;
}

/** The contrast ratio of WCAG 2. */
function contrast(left: string, right: string): number {
  const [dark = 0, light = 0] = [luminance(left), luminance(right)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
