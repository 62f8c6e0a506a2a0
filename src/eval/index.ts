/** Is it better: metrics, TREC runs, evaluations over benchmarks and held-out rows, and the report of benchmark runs. */

export {
  type Benchmark,
  type BenchmarkRun,
  benchmarks,
  type DataMark,
  type QueryResult,
  type Receipt,
  type RunBenchmarkOptions,
  type RunToolsOptions,
  readRun as readBenchmarkRun,
  runBenchmark,
  runName,
  runTools,
  type StoredRun,
  type SystemMark,
  type SystemMethod,
  type ToolRequest,
  type Verification,
  type VerifyOptions,
  verifyRun,
  writeRun as writeBenchmarkRun,
} from "./benchmark/index.ts";
export {
  type EvaluationSource,
  type Evaluator,
  type OpenEvaluatorOptions,
  openEvaluator,
} from "./evaluator.ts";
export {
  type EvaluateMemoryOptions,
  evaluateMemory,
  type MemoryEvaluation,
  type MemoryUnit,
  measureMemory,
} from "./memory.ts";
export {
  type Evaluation,
  evaluateRun,
  type MetricName,
  type Run,
  rank,
  retrievalMetrics,
  type Scored,
} from "./metrics.ts";
export type {
  BenchmarkTable,
  ComparisonRow,
  Failures,
  Part,
  PublishedResult,
  ReportData,
  SystemRow,
} from "./report/data.ts";
export { formatReportHtml } from "./report/html.ts";
export { formatReportMarkdown } from "./report/markdown.ts";
export { readRuns } from "./report/runs.ts";
export { type SummariseOptions, summarise } from "./report/summarise.ts";
export { writeReport } from "./report/write.ts";
export {
  type EvaluateRetrievalOptions,
  evaluateRetrieval,
  type HistoryForm,
  type RetrievalEvaluation,
  type RetrievalReport,
} from "./retrieval.ts";
export { rougeL, rougeScoreL } from "./rouge.ts";
export { type EvaluateRowsOptions, evaluateRows, type RowsReport } from "./rows.ts";
export {
  bootstrapInterval,
  type Comparison,
  comparePaired,
  holm,
  type Interval,
  type SamplingOptions,
} from "./statistics.ts";
export { formatRun, readRun, runDepth, strictlyFalling, writeRun } from "./trec.ts";
