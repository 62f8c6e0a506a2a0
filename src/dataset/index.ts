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
export type {
  BenchmarkConversation,
  MemoryBenchmark,
  MemoryQuestion,
  SpokenTurn,
} from "./memory-benchmark.ts";
export { type MineOptions, type MineReport, mineNegatives } from "./mine/mine.ts";
export type { MiningMethod } from "./mine/ranker.ts";
export * from "./questions/index.ts";
export { type ReadMemoryOptions, readMemoryBenchmark } from "./read-memory.ts";
export { candidatesOf, formatRow, parseRow, type RowId, type TrainingRow } from "./row.ts";
export { type PlacedRow, rowBatches } from "./row-batches.ts";
export { dataSetNames, type OpenRowFileOptions, openRowFile, type RowFile } from "./row-file.ts";
export { similarity } from "./score/by-encoder.ts";
export { externalScores } from "./score/by-file.ts";
export { type LanguageModelTeacherOptions, languageModelTeacher } from "./score/by-language-model.ts";
export { containment, sameLabel } from "./score/by-text.ts";
export { type CachedChat, openCachedChat } from "./score/cached-chat.ts";
export { type CachedModel, openCachedModel, type WriteOptions } from "./score/cached-model.ts";
export { costSentence, type ScoreEstimate } from "./score/estimate.ts";
export { layoutTasks, parseLayout } from "./score/layout.ts";
export {
  estimateScoring,
  type ScoreOptions,
  type ScoreProgress,
  type ScoreReport,
  scoreRows,
} from "./score/score.ts";
export type { Shard } from "./score/survey.ts";
export type {
  OpenTeacher,
  Spent,
  Teacher,
  TeacherHooks,
  Trial,
  Verdict,
} from "./score/teacher.ts";
