/** A report as Markdown: its tables, without charts. Pure. */

import { markdownTable, type Rows } from "../../report/index.ts";
import type { BenchmarkTable, ComparisonRow, Part, ReportData } from "./data.ts";
import { groupsBy } from "./scenarios.ts";
import {
  comparisonRows,
  failureRows,
  groupRows,
  manyGroupRows,
  matrixRows,
  metricRows,
  receiptRows,
  systemRows,
} from "./tables.ts";
import * as words from "./words.ts";

/** The tables and sentences of the page. Equal data give equal text. */
export function formatReportMarkdown(data: ReportData): string {
  const comparisons = data.retrieval.comparisons.length + data.languageModels.comparisons.length;
  const blocks = [
    `# ${words.reportTitle}`,
    plainText(words.opening(data)),
    ...(data.notices.length === 0 ? [] : ["## Notices", ...data.notices.map(plainText)]),
    ...partBlocks(data.retrieval, words.retrievalHeading, words.retrievalText, comparisons),
    ...partBlocks(data.languageModels, words.modelsHeading, words.modelsText(data), comparisons),
    `## ${words.receiptHeading}`,
    markdownTable(receiptRows(data.receipts)),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function partBlocks(part: Part, heading: string, text: string, all: number): string[] {
  if (part.benchmarks.length === 0) return [];
  return [
    `## ${heading}`,
    plainText(text),
    ...(part.matrix.columns.length < 2 ? [] : [markdownTable(matrixRows(part.matrix))]),
    ...part.benchmarks.flatMap(tableBlocks),
    ...comparisonBlocks(part, all),
    ...failureBlocks(part),
  ];
}

function tableBlocks(table: BenchmarkTable): string[] {
  const [groups, metrics] = [groupRows(table) ?? manyGroupRows(table), metricRows(table)];
  return [
    `### ${plainText(table.title)}`,
    plainText(words.tableText(table)),
    markdownTable(systemRows(table)),
    ...(groups === undefined ? [] : [`${plainText(table.headline)} by group:`, markdownTable(groups)]),
    ...(metrics === undefined ? [] : folded("All metrics", metrics)),
  ];
}

function comparisonBlocks(part: Part, all: number): string[] {
  if (part.comparisons.length === 0) return [];
  const byTitle = groupsBy<ComparisonRow>(part.comparisons, ({ title }) => title);
  return [
    `### ${words.comparisonHeading}`,
    plainText(words.comparisonText(part, all)),
    ...byTitle.flatMap(([title, rows]) => [`${plainText(title)}:`, markdownTable(comparisonRows(rows))]),
  ];
}

function failureBlocks(part: Part): string[] {
  if (part.failures.length === 0) return [];
  return [
    `### ${words.failureHeading}`,
    plainText(words.failureText),
    ...part.failures.flatMap((failures) => {
      const { title, system, llm } = failures;
      return folded(`${title}, ${llm === null ? system : `${llm} · ${system}`}`, failureRows(failures));
    }),
  ];
}

function folded(words: string, rows: Rows): string[] {
  return [`<details><summary>${plainText(words)}</summary>`, markdownTable(rows), "</details>"];
}

/** Text of data outside a table: no markup of Markdown or HTML. */
function plainText(text: string): string {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, " "))
    .join("\n\n")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/[\\`*_[\]#]/g, "\\$&");
}
