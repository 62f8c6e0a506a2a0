/** A language model seen from outside: `generate` and `score`, in process or on a server. */

export type {
  ChatMessage,
  ContinuationScore,
  EndReason,
  GenerateEvent,
  GenerateInput,
  GenerateOptions,
  LanguageModel,
  ScoreOptions,
  ToolCall,
  ToolSchema,
  Usage,
} from "./language-model.ts";
export { type OpenLanguageModelOptions, openLanguageModel } from "./open.ts";
