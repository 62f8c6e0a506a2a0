import type { LanguageModel } from "#src/llm/index.js";

export function copyingModel(options?: {
  readonly onAsk?: (text: string) => void;
  readonly wait?: number;
}): LanguageModel;
