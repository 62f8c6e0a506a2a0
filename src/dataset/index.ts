/** What encoders are trained and measured on: benchmark folders, training rows, hard negatives. */

export {
  type Benchmark,
  type BenchmarkQuery,
  type CorpusDocument,
  type HistoryTurn,
  type Qrels,
  type ReadBenchmarkOptions,
  readBenchmark,
} from "./beir.ts";
export {
  type Group,
  type GroupOptions,
  type NegativeChoice,
  type PositiveChoice,
  sampleGroup,
} from "./group.ts";
export {
  type BenchmarkConversation,
  type MemoryBenchmark,
  type MemoryQuestion,
  readMemoryBenchmark,
  type SpokenTurn,
} from "./realtalk.ts";
export { candidatesOf, formatRow, parseRow, type RowId, type TrainingRow } from "./row.ts";
export { dataSetNames, type OpenRowFileOptions, openRowFile, type RowFile } from "./row-file.ts";
