/** Is it better: metrics, TREC runs, and evaluations over benchmarks of retrieval and of memory, and over held-out rows. */

export type { DataMark, QueryResult, Receipt, SystemMark } from "./benchmark/receipt.ts";
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
export {
  type EvaluateRetrievalOptions,
  evaluateRetrieval,
  type HistoryForm,
  type RetrievalEvaluation,
  type RetrievalReport,
} from "./retrieval.ts";
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
