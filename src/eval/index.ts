/** Is it better: metrics, TREC runs, and evaluations over benchmarks of retrieval and of memory. */

export { type EvaluateMemoryOptions, evaluateMemory, type MemoryUnit } from "./memory.ts";
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
export { formatRun, readRun, runDepth, strictlyFalling, writeRun } from "./trec.ts";
