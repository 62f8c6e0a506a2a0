/** A table as colours: rows against columns, the number in each cell. */

import type { TopLevelSpec } from "vega-lite";
import { RetrieveError } from "../std/index.ts";
import { legible } from "./escape.ts";
import { inkOf, labelExtent, overestimate, renderChart } from "./render.ts";
import { formatNumber } from "./table.ts";

export interface HeatMapColumn {
  readonly name: string;
  /** The least value is then the darkest. */
  readonly lowerIsBetter?: boolean;
}

export interface HeatMap {
  readonly title: string;
  /** From the top down; no two are called the same. */
  readonly rows: readonly string[];
  /** From left to right; no two are called the same. */
  readonly columns: readonly HeatMapColumn[];
  /** A row for each of `rows`; undefined, and what is not finite, stays blank. */
  readonly values: readonly (readonly (number | undefined)[])[];
}

/** Pixels. */
const cellWidth = 74;
const cellHeight = 28;
/** A chart of this width would give half of it to the names of its rows; title and subtitle may be as wide. */
const widestLabels = 800;
/** How strongly the worst and the best of a column are inked; the number stays legible on both papers. */
const faintest = 0.06;
const strongest = 0.5;

/**
 * An SVG of cells. Columns have measures of their own, so each is coloured by itself, from its worst value to its best;
 * a column whose values are equal is inked half.
 *
 * Throws `invalid_argument` for two rows or two columns of the same name, and for values that do not fit them.
 *
 * @example
 * await heatMap({ title: "All", rows: ["bm25"], columns: [{ name: "qa" }], values: [[0.4]] });
 */
export async function heatMap(map: HeatMap): Promise<string> {
  const rows = map.rows.map(legible);
  const columns = map.columns.map((column) => ({ ...column, name: legible(column.name) }));
  checkForm(
    map,
    rows,
    columns.map(({ name }) => name),
  );
  const cells = columns.flatMap((column, at) => cellsOf(column, rows, map.values, at));
  return renderChart(specOf(map.title, rows, columns, cells), map.title);
}

interface Drawn {
  readonly row: string;
  readonly column: string;
  readonly ink: number;
  readonly text: string;
}

function cellsOf(
  { name, lowerIsBetter = false }: HeatMapColumn,
  rows: readonly string[],
  values: HeatMap["values"],
  at: number,
): Drawn[] {
  const found = rows.flatMap((row, place) => {
    const value = values[place]?.[at];
    return value === undefined || !Number.isFinite(value) ? [] : [{ row, value }];
  });
  const least = Math.min(...found.map(({ value }) => value));
  const range = Math.max(...found.map(({ value }) => value)) - least;
  const shareOf = (value: number): number => {
    if (range === 0) return 0.5;
    const share = (value - least) / range;
    return lowerIsBetter ? 1 - share : share;
  };
  return found.map(({ row, value }) => ({
    row,
    column: name,
    ink: faintest + (strongest - faintest) * shareOf(value),
    text: formatNumber(value),
  }));
}

function specOf(
  title: string,
  rows: readonly string[],
  columns: readonly HeatMapColumn[],
  cells: readonly Drawn[],
): TopLevelSpec {
  const names = columns.map(({ name }) => name);
  const width = Math.max(1, columns.length) * cellWidth;
  const extent = labelExtent(rows, widestLabels);
  return {
    width,
    height: Math.max(1, rows.length) * cellHeight,
    autosize: { type: "pad" },
    padding: 4,
    title: {
      text: legible(title),
      subtitle: [
        "the stronger the colour, the better within its column",
        ...(cells.length === 0 ? ["nothing to draw"] : []),
      ],
      limit: Math.max(width + extent, widestLabels) * overestimate,
    },
    data: { values: [...cells] },
    encoding: {
      x: {
        field: "column",
        type: "nominal",
        title: null,
        scale: { domain: names, paddingInner: 0.04, paddingOuter: 0 },
        axis: {
          orient: "top",
          labelAngle: -35,
          labelAlign: "left",
          labelLimit: 200 * overestimate,
          labelFlush: false,
          ticks: false,
          domain: false,
          labelPadding: 6,
        },
      },
      y: {
        field: "row",
        type: "nominal",
        title: null,
        scale: { domain: [...rows], paddingInner: 0.08, paddingOuter: 0 },
        axis: {
          labelLimit: extent * overestimate,
          minExtent: extent,
          maxExtent: extent,
          ticks: false,
          domain: false,
          labelPadding: 6,
        },
      },
    },
    layer: [
      {
        mark: { type: "rect", fill: inkOf(0), cornerRadius: 2 },
        encoding: { fillOpacity: { field: "ink", type: "quantitative", scale: null } },
      },
      {
        mark: { type: "text", color: "currentColor", fontSize: 12 },
        encoding: { text: { field: "text", type: "nominal" } },
      },
    ],
  } as TopLevelSpec; // Vega-Lite's types ask for a mutable domain and know no band scale by its padding here
}

function checkForm({ values }: HeatMap, rows: readonly string[], columns: readonly string[]): void {
  for (const [what, names] of [
    ["rows", rows],
    ["columns", columns],
  ] as const) {
    const twice = names.find((name, place) => names.indexOf(name) !== place);
    if (twice !== undefined) {
      throw new RetrieveError(
        "invalid_argument",
        `heatMap: two ${what} are called "${twice}"; name each differently`,
      );
    }
  }
  if (values.length === rows.length && values.every((row) => row.length === columns.length)) return;
  const got = `${values.length} rows of ${[...new Set(values.map((row) => row.length))].join(" or ")} values`;
  throw new RetrieveError(
    "invalid_argument",
    `heatMap: got ${got}; wanted ${rows.length} rows of ${columns.length}, undefined where a value is missing`,
  );
}
