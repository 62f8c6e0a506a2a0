/** Is it better: metrics, TREC runs, evaluations over benchmarks and held-out rows, and the report of benchmark runs. */

export * from "./benchmark/index.ts";
export {
  type Contamination,
  type ContaminationOptions,
  findContamination,
  type Overlap,
} from "./contamination.ts";
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
export { published } from "./published.ts";
export * from "./report/index.ts";
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
