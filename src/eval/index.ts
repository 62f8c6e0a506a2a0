/** Is it better: metrics, the files of retrieval benchmarks, and evaluations over them. */

export {
  type Benchmark,
  type BenchmarkQuery,
  type CorpusDocument,
  type HistoryTurn,
  type ReadBenchmarkOptions,
  readBenchmark,
} from "./beir.ts";
export { type EvaluateMemoryOptions, evaluateMemory, type MemoryUnit } from "./memory.ts";
export {
  type Evaluation,
  evaluateRun,
  type MetricName,
  type Qrels,
  type Run,
  rank,
  retrievalMetrics,
  type Scored,
} from "./metrics.ts";
export {
  type BenchmarkConversation,
  type MemoryBenchmark,
  type MemoryQuestion,
  readMemoryBenchmark,
  type SpokenTurn,
} from "./realtalk.ts";
export {
  type EvaluateRetrievalOptions,
  evaluateRetrieval,
  type HistoryForm,
  type RetrievalEvaluation,
  type RetrievalReport,
} from "./retrieval.ts";
export { formatRun, readRun, runDepth, strictlyFalling, writeRun } from "./trec.ts";
