/** A question to ranked documents: BM25, dense and hybrid search over collections, and the folder they live in. */

export {
  type Chunk,
  type ChunkDocumentOptions,
  chunkByTokens,
  chunkCode,
  chunkDocument,
  pairTurns,
  type Sentence,
  type Span,
  type SpokenTurn,
  sentences,
  type TokenCounter,
  type TurnPair,
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
export type { CollectionInfo, IndexFolder, IndexFolderOptions, ReindexOptions } from "./index-folder.ts";
export { openCollection } from "./open-collection.ts";
export { openIndexFolder } from "./open-index-folder.ts";
