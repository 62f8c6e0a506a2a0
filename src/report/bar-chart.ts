/** Bars with the interval of each: systems side by side, grouped by series. */

import type { TopLevelSpec } from "vega-lite";
import { RetrieveError } from "../std/index.ts";
import { legible } from "./escape.ts";
import { inkOf, legendOf, opacityOf, overestimate, renderChart } from "./render.ts";
import { formatNumber } from "./table.ts";

export interface Bar {
  /** What stands above the bar; bars of one name and different series stand together. */
  readonly name: string;
  /** What the legend calls it. */
  readonly series?: string;
  readonly value: number;
  /** Ends of the whisker; both or none. */
  readonly low?: number;
  readonly high?: number;
}

export interface BarChart {
  readonly title: string;
  readonly value: { readonly label: string };
  /** From the top down; names and series in the order in which they first come. */
  readonly bars: readonly Bar[];
  /** The series of all charts that are read together: each then has the same ink and order in all of them. */
  readonly series?: readonly string[];
  /** Of the whole chart, in pixels; 480 by default. The height follows from the number of bars. */
  readonly width?: number;
}

/** Pixels that one bar, or the name above it, and the gap between two names take. */
const barHeight = 18;
const gap = 8;
/** The first place within a name: the line of the name itself. No series is called so. */
const nameLine = "\u0000";
/** Of the value axis, beyond the longest whisker: the number at its end stands there. */
const roomForNumber = 0.16;

/**
 * An SVG of horizontal bars from 0, each with its number and, where it has one, the whisker of its interval. Bars that
 * are not finite are left out; the chart tells how many.
 *
 * Throws `invalid_argument` for two bars of the same name and series.
 *
 * @example
 * await barChart({ title: "qa", value: { label: "nDCG@10" }, bars: [{ name: "bm25", value: 0.4, low: 0.3, high: 0.5 }] });
 */
export async function barChart(chart: BarChart): Promise<string> {
  const bars = chart.bars.map(cleaned);
  checkBars(bars);
  return renderChart(specOf(chart, bars.filter(isDrawable)), chart.title);
}

type Cleaned = Bar & { readonly series: string };

function cleaned(bar: Bar): Cleaned {
  return { ...bar, name: legible(bar.name), series: legible(bar.series ?? "") };
}

/** A whisker with an end missing or not finite is left away, the bar stays. */
function isDrawable({ value }: Bar): boolean {
  return Number.isFinite(value);
}

function hasWhisker({ low, high }: Bar): boolean {
  return Number.isFinite(low) && Number.isFinite(high);
}

function specOf(chart: BarChart, bars: readonly Cleaned[]): TopLevelSpec {
  const { title, value, width = 480 } = chart;
  const names = [...new Set(bars.map(({ name }) => name))];
  const all = [...new Set([...(chart.series ?? []).map(legible), ...bars.map((bar) => bar.series)])];
  const series = all.filter((name) => bars.some((bar) => bar.series === name));
  const leftOut = chart.bars.length - bars.length;
  const ends = bars.flatMap((bar) => [bar.value, ...(hasWhisker(bar) ? [bar.low ?? 0, bar.high ?? 0] : [])]);
  const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const room = (most - least || 1) * roomForNumber;
  const height = (1 + Math.max(1, series.length)) * barHeight;
  const legend = series.length < 2 ? null : legendOf(series, width, "square");
  return {
    width,
    height: Math.max(1, names.length) * (height + gap),
    autosize: { type: "fit-x", contains: "padding" },
    padding: 4,
    title: {
      text: legible(title),
      subtitle: [legible(value.label), ...remarks(bars.length, leftOut)],
      limit: width * overestimate,
    },
    data: { values: bars.map((bar) => rowOf(bar, opacityOf(all.indexOf(bar.series)))) },
    encoding: {
      y: {
        field: "name",
        type: "nominal",
        title: null,
        scale: { domain: names, paddingInner: gap / (height + gap), paddingOuter: 0 },
        axis: null,
      },
      yOffset: { field: "series", type: "nominal", scale: { domain: [nameLine, ...series] } },
      x: {
        field: "value",
        type: "quantitative",
        title: null,
        scale: { domain: [least < 0 ? least - room : 0, most + room], nice: false },
        axis: { format: "~g", tickCount: 5, grid: true },
      },
    },
    layer: [namesLayer(names, width), ...layersOf(series, all, legend)],
  } as TopLevelSpec; // Vega-Lite's types do not know an offset of a nominal field in a layered chart
}

function namesLayer(names: readonly string[], width: number): object {
  return {
    data: { values: names.map((name) => ({ name, series: nameLine })) },
    mark: {
      type: "text",
      align: "left",
      baseline: "middle",
      color: "currentColor",
      fontSize: 12,
      limit: width * overestimate,
    },
    encoding: { x: { value: 0 }, text: { field: "name", type: "nominal" } },
  };
}

function layersOf(series: readonly string[], all: readonly string[], legend: object | null): object[] {
  const color = { domain: series, range: series.map((name) => inkOf(all.indexOf(name))) };
  return [
    {
      mark: "bar",
      encoding: {
        color: { field: "series", type: "nominal", scale: color, legend },
        opacity: { field: "opacity", type: "quantitative", scale: null },
      },
    },
    {
      transform: [{ filter: "datum.high !== null" }],
      mark: { type: "rule", stroke: "currentColor", strokeWidth: 1.5 },
      encoding: { x: { field: "low", type: "quantitative" }, x2: { field: "high" } },
    },
    ...["low", "high"].map((field) => ({
      transform: [{ filter: "datum.high !== null" }],
      mark: { type: "tick", color: "currentColor", opacity: 1, thickness: 1.5, size: barHeight / 2 },
      encoding: { x: { field, type: "quantitative" } },
    })),
    {
      mark: { type: "text", align: "left", dx: 6, color: "currentColor", fontSize: 11 },
      encoding: { x: { field: "end", type: "quantitative" }, text: { field: "text", type: "nominal" } },
    },
  ];
}

function rowOf(bar: Cleaned, opacity: number): object {
  const { name, series, value } = bar;
  const [low, high] = hasWhisker(bar) ? [bar.low ?? null, bar.high ?? null] : [null, null];
  const end = Math.max(0, value, high ?? 0);
  return { name, series, opacity, value, low, high, end, text: formatNumber(value) };
}

function remarks(drawn: number, leftOut: number): string[] {
  return [
    ...(leftOut > 0 ? [`left out: ${leftOut} ${leftOut === 1 ? "bar" : "bars"} that cannot be drawn`] : []),
    ...(drawn === 0 ? ["nothing to draw"] : []),
  ];
}

function checkBars(bars: readonly Cleaned[]): void {
  const keys = bars.map(({ name, series }) => JSON.stringify([name, series]));
  const twice = bars.find((_, place) => keys.indexOf(keys[place] ?? "") !== place);
  if (twice === undefined) return;
  const of = twice.series === "" ? "" : ` of series "${twice.series}"`;
  throw new RetrieveError(
    "invalid_argument",
    `barChart: two bars${of} are called "${twice.name}"; name each differently`,
  );
}
