/** A language model seen from outside: `generate` and `score`, in process or on a server. */
export { type AiSdkModel, type FromAiSdkOptions, fromAiSdk } from "./ai-sdk.ts";

export { exactMatch, normalizeAnswer, wordF1 } from "./answer-match.ts";
export type {
  ChatMessage,
  ContinuationScore,
  EndReason,
  GenerateEvent,
  GenerateInput,
  GenerateOptions,
  LanguageModel,
  ScoreOptions,
  TokenProbability,
  ToolCall,
  ToolSchema,
  Usage,
} from "./language-model.ts";
export { type OpenLanguageModelOptions, openLanguageModel } from "./open.ts";
export {
  type Reward,
  type RewardMethod,
  type RewardOptions,
  type RewardRequest,
  reward,
  rewardMethods,
} from "./reward.ts";
