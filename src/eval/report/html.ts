/** A report as one page. */

import { type Bar, barChart, heatMap, htmlPage, lineChart, type Section } from "../../report/index.ts";
import type { BenchmarkTable, ComparisonRow, ContextCurves, Matrix, Part, ReportData } from "./data.ts";
import { groupsBy } from "./scenarios.ts";
import {
  comparisonRows,
  failureRows,
  groupRows,
  manyGroupRows,
  metricRows,
  receiptRows,
  systemRows,
} from "./tables.ts";
import * as words from "./words.ts";

/** One self-contained HTML page, without scripts. Equal data give equal pages. */
export async function formatReportHtml(data: ReportData): Promise<string> {
  const comparisons = data.retrieval.comparisons.length + data.languageModels.comparisons.length;
  const sections: Section[] = [
    { text: words.opening(data) },
    ...(data.notices.length === 0 ? [] : [{ heading: "Notices", text: data.notices.join("\n\n") }]),
    ...(await partSections(data.retrieval, words.retrievalHeading, words.retrievalText, comparisons)),
    ...(await partSections(data.languageModels, words.modelsHeading, words.modelsText(data), comparisons)),
    {
      heading: words.receiptHeading,
      opensPart: true,
      table: receiptRows(data.receipts),
      folded: `${data.runs} ${data.runs === 1 ? "run" : "runs"}: data, encoders, settings, machine`,
    },
  ];
  return htmlPage({ title: words.reportTitle, sections });
}

async function partSections(part: Part, heading: string, text: string, all: number): Promise<Section[]> {
  if (part.benchmarks.length === 0) return [];
  const charts: Section[] = [];
  const llms = part.benchmarks.flatMap(({ systems }) => systems.flatMap(({ llm }) => llm ?? []));
  for (const table of part.benchmarks) charts.push({ svg: await bars(table, llms) });
  for (const curves of part.contexts) charts.push({ svg: await contextChart(curves) });
  return [
    { heading, text, opensPart: true },
    ...(await matrixSections(part.matrix)),
    ...charts,
    ...part.benchmarks.flatMap(tableSections),
    ...comparisonSections(part, all),
    ...failureSections(part),
  ];
}

/** Of one benchmark the bars say it all. */
async function matrixSections({ rows, columns, values }: Matrix): Promise<Section[]> {
  if (columns.length < 2) return [];
  const cells = values.map((row) => row.map((value) => value ?? undefined));
  const title = "Systems against benchmarks";
  return [{ svg: await heatMap({ title, rows, columns, values: cells }), isWide: true }];
}

function bars(table: BenchmarkTable, llms: readonly string[]): Promise<string> {
  const direction = table.lowerIsBetter ? ", lower is better" : "";
  return barChart({
    title: table.title,
    value: { label: `${table.headline} with 95 % intervals${direction}` },
    series: llms,
    bars: table.systems.map(
      ({ system, llm, value, interval }): Bar => ({
        name: system,
        ...(llm !== null && { series: llm }),
        value,
        ...(interval !== null && interval),
      }),
    ),
  });
}

function contextChart({ title, metric, series }: ContextCurves): Promise<string> {
  return lineChart({
    title: `${title}: ${metric} against context`,
    x: { label: "tokens of context" },
    y: { label: metric },
    series,
  });
}

function tableSections(table: BenchmarkTable): Section[] {
  const [groups, many, metrics] = [groupRows(table), manyGroupRows(table), metricRows(table)];
  return [
    { heading: table.title, text: words.tableText(table), table: systemRows(table) },
    ...(groups === undefined ? [] : [{ text: `${table.headline} by group`, table: groups }]),
    ...(many === undefined ? [] : [{ table: many, folded: `${table.headline} in each group` }]),
    ...(metrics === undefined ? [] : [{ table: metrics, folded: "all metrics" }]),
  ];
}

function comparisonSections(part: Part, all: number): Section[] {
  if (part.comparisons.length === 0) return [];
  const byTitle = groupsBy<ComparisonRow>(part.comparisons, ({ title }) => title);
  return [
    { heading: words.comparisonHeading, text: words.comparisonText(part, all) },
    ...byTitle.map(([title, rows]) => ({ text: title, table: comparisonRows(rows) })),
  ];
}

function failureSections(part: Part): Section[] {
  if (part.failures.length === 0) return [];
  const folds = part.failures.map((failures): Section => {
    const { title, system, llm, queries } = failures;
    const by = llm === null ? system : `${llm} · ${system}`;
    return {
      table: failureRows(failures),
      folded: `${title}, ${by}: ${queries.length} ${queries.length === 1 ? "query" : "queries"}`,
    };
  });
  return [{ heading: words.failureHeading, text: words.failureText }, ...folds];
}
