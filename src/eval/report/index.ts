/** The report of benchmark runs: read, compared, written. */

export type {
  BenchmarkTable,
  ComparisonRow,
  Failures,
  Part,
  PublishedResult,
  ReportData,
  SystemRow,
} from "./data.ts";
export { formatReportHtml } from "./html.ts";
export { formatReportMarkdown } from "./markdown.ts";
export { readRuns } from "./runs.ts";
export { type SummariseOptions, summarise } from "./summarise.ts";
export { writeReport } from "./write.ts";
