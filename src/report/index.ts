/** What was found, for people to read: tables, charts as SVG, one HTML page. Knows nothing of what is reported. */

export { type Bar, type BarChart, barChart } from "./bar-chart.ts";
export { type HeatMap, type HeatMapColumn, heatMap } from "./heat-map.ts";
export { type LineChart, lineChart, type Series } from "./line-chart.ts";
export { htmlPage, type Page, type Section } from "./page.ts";
export { type Cell, formatNumber, htmlTable, markdownTable, type Rows } from "./table.ts";
export type { Point } from "./thin.ts";
