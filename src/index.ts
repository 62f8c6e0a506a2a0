/** The front door: an index of knowledge, memory, examples and tools, and the encoder behind it. */

export {
  type AddOptions,
  type AddReport,
  type AnswerCitation,
  type Answered,
  type AskOptions,
  type Augmented,
  type AugmentOptions,
  type CallOptions,
  type CallReport,
  type Citation,
  type ExampleRecord,
  type Index,
  type IndexStatus,
  type KindName,
  type KnowledgeRecord,
  type Message,
  type OpenOptions,
  open,
  type PromptItem,
  type SearchHit,
  type SearchOptions,
  type SearchResult,
  type ToolCallReport,
  type ToolRecord,
  type Turn,
  type WriteOptions,
  type Written,
} from "./augment/index.ts";
export { type Encoder, type OpenEncoderOptions, openEncoder } from "./encoder/index.ts";
export { type ErrorCode, RetrieveError } from "./std/index.ts";
export type { Filter, JsonValue } from "./store/index.ts";
