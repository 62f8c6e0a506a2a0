/** What encoders are trained and measured on: benchmark folders, training rows, hard negatives. */

export {
  type Benchmark,
  type BenchmarkQuery,
  type CorpusDocument,
  type HistoryTurn,
  type Qrels,
  type ReadBenchmarkOptions,
  readBenchmark,
  readQrels,
} from "./beir.ts";
export {
  type ConverterName,
  type ConvertOptions,
  type ConvertReport,
  convertDataset,
} from "./convert/convert.ts";
export type { NegativesOptions } from "./convert/converter.ts";
export {
  type Group,
  type GroupOptions,
  type NegativeChoice,
  type PositiveChoice,
  sampleGroup,
} from "./group.ts";
export { type MineOptions, type MineReport, mineNegatives } from "./mine/mine.ts";
export type { MiningMethod } from "./mine/ranker.ts";
export {
  type BenchmarkConversation,
  type MemoryBenchmark,
  type MemoryQuestion,
  readMemoryBenchmark,
  type SpokenTurn,
} from "./realtalk.ts";
export { candidatesOf, formatRow, parseRow, type RowId, type TrainingRow } from "./row.ts";
export { dataSetNames, type OpenRowFileOptions, openRowFile, type RowFile } from "./row-file.ts";
