/** Vega-Lite to SVG text: one look for every chart. Knows nothing of what a chart shows. */

import type { Config, TopLevelSpec } from "vega-lite";
import { escapeText } from "./escape.ts";

interface Ink {
  readonly onLight: string;
  readonly onDark: string;
}

/**
 * Inks whose contrast with the paper is at least 3 to 1 and whose distance from each other in CIELAB is at least 19, as
 * seen with each kind of colour blindness too (simulated after Machado, Oliveira and Fernandes, 2009). In the SVG stand
 * those for light paper; its style sheet changes them on dark.
 */
const inks: readonly Ink[] = [
  { onLight: "#2476c9", onDark: "#3d8ff5" },
  { onLight: "#e8640c", onDark: "#e8602c" },
  { onLight: "#0a4a3a", onDark: "#35e0b0" },
  { onLight: "#a3248c", onDark: "#ee92dc" },
  { onLight: "#6b5200", onDark: "#f5ec42" },
  { onLight: "#918b87", onDark: "#8a8a88" },
];

/** Dashes for the second, third and fourth time around the inks: lengths of line and gap in pixels. */
const dashes: readonly (readonly number[])[] = [
  [1, 0],
  [6, 3],
  [2, 2],
  [8, 3, 2, 3],
];

/** The ink of the series at a place. */
export function inkOf(place: number): string {
  return inks[place % inks.length]?.onLight ?? "currentColor";
}

/** The dashes of the series at a place: those with the same ink differ. */
export function dashOf(place: number): number[] {
  return [...(dashes[Math.floor(place / inks.length) % dashes.length] ?? [])];
}

/** How strongly the area of the series at a place is inked: the second time around the inks, areas are pale. */
export function opacityOf(place: number): number {
  return place < inks.length ? 1 : 0.5;
}

/** Width of a character in font sizes as Vega takes it where no canvas measures it; limits of text count in this. */
const estimatedEm = 0.8;

/** By how much that is too wide for most Latin text, carefully. */
export const overestimate = 1.3;

/** A legend below a chart of `width` pixels, in as many columns as the longest name leaves room for. */
export function legendOf(names: readonly string[], width: number, symbolType: "stroke" | "square"): object {
  const longest = Math.max(...names.map((name) => name.length));
  const columns = Math.max(1, Math.min(4, Math.floor(width / (longest * estimatedEm * legendFont + 30))));
  return { columns, labelLimit: (width - 50) * overestimate, symbolType, symbolOpacity: 1 };
}

/** Pixels for the labels at the left of a chart: those of the longest, yet not half the width of the whole. */
export function labelExtent(names: readonly string[], width: number): number {
  const longest = Math.max(0, ...names.map((name) => name.length));
  return Math.min((longest * estimatedEm * axisFont) / overestimate + 10, width * 0.45);
}

/**
 * The SVG of a Vega-Lite chart, `label` being what it is called to those who do not see it. Equal charts give equal
 * text. It has no ids, scripts or external resources, so that several can stand in one page. About 0.3 s for the first.
 */
export async function renderChart(spec: TopLevelSpec, label: string): Promise<string> {
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  const compiled = compile(spec, { config: look });
  const view = new vega.View(vega.parse(compiled.spec), { renderer: "none" });
  try {
    const svg = await view.toSVG();
    const size = /(?<= )width="[^"]*" height="[^"]*" viewBox="[^"]*"/.exec(svg)?.[0];
    const open = `<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="${escapeText(label)}"`;
    return `${open} ${size}><style>${style}</style>${svg.slice(svg.indexOf(">") + 1)}\n`;
  } finally {
    view.finalize();
  }
}

/** Pixels. */
const legendFont = 12;
const axisFont = 12;

const font = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";

const look: Config = {
  background: "transparent",
  font,
  aria: false,
  view: { stroke: null },
  title: {
    anchor: "start",
    fontSize: 15,
    fontWeight: 600,
    color: "currentColor",
    subtitleColor: "currentColor",
    subtitleFontSize: 11,
    subtitlePadding: 4,
    offset: 12,
  },
  axis: {
    labelColor: "currentColor",
    titleColor: "currentColor",
    labelFontSize: axisFont,
    titleFontSize: 12,
    titleFontWeight: 500,
    domainColor: "currentColor",
    domainOpacity: 0.5,
    tickColor: "currentColor",
    tickOpacity: 0.5,
    gridColor: "currentColor",
    gridOpacity: 0.12,
  },
  axisX: { labelFlush: true },
  legend: {
    orient: "bottom",
    direction: "horizontal",
    title: null,
    labelColor: "currentColor",
    labelFontSize: legendFont,
    offset: 8,
    symbolStrokeWidth: 3,
    symbolSize: 200,
  },
};

/** What a viewer without media queries leaves out: the SVG is then dark on whatever paper there is. */
const style: string = [
  ".chart{color:#1f2328;background:#fff}",
  "@media screen and (prefers-color-scheme:dark){.chart{color:#e6e9ee;background:#15181d}",
  ...inks.flatMap(({ onLight, onDark }) =>
    ["stroke", "fill"].map((what) => `.chart [${what}="${onLight}"]{${what}:${onDark}}`),
  ),
  "}",
].join("");
