/** Benchmarks by name: retrieval alone, and what a language model makes of it. */

export type {
  Benchmark,
  Item,
  Measured,
  OpenBenchmark,
  OpenOptions,
  PoolRecord,
} from "./benchmark.ts";
export { benchmarks } from "./benchmarks.ts";
export type { DataMark, QueryResult, Receipt, SystemMark, SystemMethod } from "./receipt.ts";
export { type BenchmarkRun, type RunBenchmarkOptions, runBenchmark } from "./run.ts";
export {
  readRun as readBenchmarkRun,
  runName,
  type StoredRun,
  writeRun as writeBenchmarkRun,
} from "./run-files.ts";
export { type RunToolsOptions, runTools, type ToolRequest } from "./tools-run.ts";
export { type Verification, type VerifyOptions, verifyRun } from "./verify.ts";
