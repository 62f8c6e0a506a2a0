/** Is it better: metrics, the files of retrieval benchmarks, and evaluations over them. */

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
