/** A question to ranked documents: BM25, dense and hybrid search over collections, and the folder they live in. */

export { analyse } from "./analyse.ts";
export {
  type Bm25Index,
  type Bm25Options,
  type Bm25Scores,
  type Bm25Snapshot,
  createBm25,
  type ScoredId,
  type WeightedText,
} from "./bm25.ts";
export {
  type Chunk,
  type ChunkDocumentOptions,
  chunkByTokens,
  chunkCode,
  chunkDocument,
  datedLine,
  pairTurns,
  type Sentence,
  type Span,
  type SpokenTurn,
  sentences,
  type TokenCounter,
  type TurnPair,
  turnLine,
} from "./chunk/index.ts";
export type {
  Collection,
  CollectionOptions,
  Document,
  PutOptions,
  PutReport,
  Query,
  Retrieved,
  RetrieveOptions,
  SearchMethod,
  SourceRecord,
} from "./collection.ts";
export { conversationQuery } from "./conversation.ts";
export type {
  CollectionInfo,
  IndexFolder,
  IndexFolderOptions,
  ReindexOptions,
} from "./folder/index-folder.ts";
export { openIndexFolder } from "./folder/open.ts";
export { type FusionInput, fuseRanks, fuseScores, type RankFusionOptions } from "./fusion.ts";
export { openCollection } from "./open-collection.ts";
export {
  contentHash,
  type DocumentFormat,
  type ExampleRow,
  type FoundFile,
  formatOf,
  listFiles,
  type PassageRow,
  parseTime,
  placeOf,
  type ReadOptions,
  readDocument,
  readExamples,
  readRecords,
  readSources,
  readTurns,
  type SourceDocument,
  type SourceItem,
  type TurnRow,
} from "./read/index.ts";
export { analyseStemmed } from "./stem.ts";
