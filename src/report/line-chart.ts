/** Lines over x: loss curves, metrics over steps. */

import type { TopLevelSpec } from "vega-lite";
import { RetrieveError } from "../std/index.ts";
import { legible } from "./escape.ts";
import { dashOf, inkOf, legendOf, overestimate, renderChart } from "./render.ts";
import { type Bucket, type Point, thin } from "./thin.ts";

export interface Series {
  /** What the legend calls it; no two are called the same. */
  readonly name: string;
  readonly points: readonly Point[];
  /** Thin and pale: what stands behind another line, such as raw values behind their mean. */
  readonly faint?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly x: { readonly label: string };
  readonly y: { readonly label: string; readonly log?: boolean };
  readonly series: readonly Series[];
  /** Of the whole chart, in pixels; 480 by default, which a telephone shows nearly in full size. */
  readonly width?: number;
  /** Of the part with the lines; 200 by default. Title, labels and legend come to it. */
  readonly height?: number;
}

/** Points of all lines together that keep the text under 200 KB. */
const mostPoints = 2000;
/** Points of one line: more than a pixel apart. */
const mostOfALine = 400;
/** Lines of at most this many points show each as a dot. */
const fewPoints = 30;

/**
 * An SVG of lines. Points that are not finite, or not above 0 on a logarithmic axis, are left out; lines of very many
 * points are drawn as means over parts of the x axis with the band between their extremes. The chart tells both.
 *
 * Throws `invalid_argument` for two series of the same name.
 *
 * @example
 * await lineChart({ title: "Loss", x: { label: "step" }, y: { label: "loss" }, series: [{ name: "qa", points }] });
 */
export async function lineChart(chart: LineChart): Promise<string> {
  checkNames(chart.series);
  const most = Math.max(2, Math.min(mostOfALine, Math.floor(mostPoints / Math.max(1, chart.series.length))));
  const lines = chart.series.map((series, place) => lineOf(series, place, chart.y.log === true, most));
  return renderChart(specOf(chart, lines), chart.title);
}

interface Line {
  readonly name: string;
  readonly place: number;
  readonly faint: boolean;
  readonly buckets: readonly Bucket[];
  /** How many points the buckets stand for. */
  readonly points: number;
  readonly leftOut: number;
}

function lineOf({ name, points, faint = false }: Series, place: number, log: boolean, most: number): Line {
  const drawn = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y) && (!log || y > 0));
  return {
    name: legible(name),
    place,
    faint,
    buckets: thin(drawn, most),
    points: drawn.length,
    leftOut: points.length - drawn.length,
  };
}

function specOf(chart: LineChart, lines: readonly Line[]): TopLevelSpec {
  const { title, x, y, width = 480, height = 200 } = chart;
  const names = lines.map(({ name }) => name);
  const legend = lines.length < 2 ? null : legendOf(names, width, "stroke");
  const ink = { domain: names, range: lines.map(({ place }) => inkOf(place)) };
  const dash = { domain: names, range: lines.map(({ place }) => dashOf(place)) };
  const scale = y.log ? { type: "log" as const } : { zero: false };
  const axis = { format: "~g", tickCount: 6, title: null };
  return {
    width,
    height,
    autosize: { type: "fit-x", contains: "padding" },
    padding: 4,
    title: {
      text: legible(title),
      subtitle: [legible(y.label) + (y.log ? ", logarithmic" : ""), ...remarks(lines)],
      limit: width * overestimate,
    },
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        title: legible(x.label),
        scale: { zero: false, nice: false },
        axis: { tickCount: 6 },
      },
      y: { field: "y", type: "quantitative", scale, axis },
      color: { field: "name", type: "nominal", scale: ink, legend },
    },
    layer: [
      bandsOf(lines.filter(({ buckets, points }) => buckets.length < points)),
      ...[true, false].map((faint) => ({
        data: { values: rowsOf(lines.filter((line) => line.faint === faint)) },
        mark: { type: "line" as const, strokeWidth: faint ? 1 : 2, opacity: faint ? 0.5 : 1 },
        encoding: { strokeDash: { field: "name", type: "nominal" as const, scale: dash, legend } },
      })),
      {
        data: { values: rowsOf(lines.filter(({ buckets }) => buckets.length <= fewPoints)) },
        mark: { type: "point", filled: true, size: 36, opacity: 1 },
      },
    ],
  } as TopLevelSpec; // Vega-Lite's types do not know that one object is a legend for colour and dashes alike
}

function bandsOf(lines: readonly Line[]): object {
  return {
    data: { values: rowsOf(lines) },
    mark: { type: "area", opacity: 0.2 },
    encoding: { y: { field: "low", type: "quantitative" }, y2: { field: "high" } },
  };
}

function rowsOf(lines: readonly Line[]): object[] {
  return lines.flatMap(({ name, buckets }) => buckets.map((bucket) => ({ name, ...bucket })));
}

/** What the eye cannot see in the chart, as sentences. */
function remarks(lines: readonly Line[]): string[] {
  const most = lines.reduce((found, line) => (line.points > found.points ? line : found), nothing);
  const leftOut = lines.reduce((sum, line) => sum + line.leftOut, 0);
  return [
    ...(most.buckets.length < most.points
      ? [
          `${most.points.toLocaleString("en-US")} points as ${most.buckets.length} means, with the band of their extremes`,
        ]
      : []),
    ...(leftOut > 0
      ? [`left out: ${leftOut} ${leftOut === 1 ? "point" : "points"} that cannot be drawn`]
      : []),
    ...(lines.every(({ points }) => points === 0) ? ["nothing to draw"] : []),
  ];
}

const nothing: Pick<Line, "buckets" | "points"> = { buckets: [], points: 0 };

function checkNames(series: readonly Series[]): void {
  const names = series.map(({ name }) => legible(name));
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice === undefined) return;
  throw new RetrieveError(
    "invalid_argument",
    `lineChart: two series are called "${twice}"; name each differently`,
  );
}
