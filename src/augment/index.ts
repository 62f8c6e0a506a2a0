/** Prompts made better: the four kinds of things a language model lacks, composed within a token budget. */

export type { Message, PromptItem } from "./compose/prompt.ts";
export type {
  AddOptions,
  AddReport,
  Augmented,
  AugmentOptions,
  CallOptions,
  CallReport,
  Citation,
  DeleteReport,
  ExampleRecord,
  Index,
  IndexStatus,
  KindStatus,
  KnowledgeRecord,
  MemoryScope,
  OpenOptions,
  RecordOf,
  ReindexOptions,
  ReindexReport,
  SearchHit,
  SearchOptions,
  SearchResult,
  ToolRecord,
  Turn,
} from "./index-types.ts";
export { type KindName, kindNames } from "./kind-names.ts";
