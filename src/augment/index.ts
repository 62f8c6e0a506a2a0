/** Prompts made better: the four kinds of things a language model lacks, composed within a token budget. */

export { type ComposeOptions, composePrompt } from "./compose/compose.ts";
export type {
  Augmented,
  Citation,
  ExamplePiece,
  KnowledgePiece,
  MemoryPiece,
  Message,
  PieceOf,
  Pieces,
  PromptItem,
  ToolPiece,
} from "./compose/prompt.ts";
export type {
  AddOptions,
  AddReport,
  AugmentOptions,
  CallOptions,
  CallReport,
  DeleteReport,
  EncoderSettings,
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
export { open } from "./open.ts";
export {
  type CallToolOptions,
  callTool,
  type Execution,
  functionTools,
  type HostFunction,
  type McpServers,
  openApiTools,
  openMcpServers,
  type ReadToolsOptions,
  readTools,
  type Tool,
  type ToolResult,
  toolDocumentText,
  toolSchema,
} from "./tools/index.ts";
