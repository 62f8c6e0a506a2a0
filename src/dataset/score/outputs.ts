/** Outputs that a language model writes by itself, to rank the expected one among them. */

import type { LanguageModel } from "../../llm/index.ts";
import { mapConcurrently } from "../../std/index.ts";
import { cacheKey, type ScoreCache } from "./cache.ts";
import type { TeacherHooks } from "./teacher.ts";

export interface OutputOptions {
  /** How often the model is asked; fewer distinct outputs may come. */
  readonly count: number;
  readonly seed: number;
  readonly maxTokens: number;
  /** Where an output ends. */
  readonly stop: readonly string[];
  /** What is expected: outputs that say it are no rivals. */
  readonly expected: readonly string[];
}

const temperature = 1;

/** Distinct outputs after `prompt`, none empty and none expected, in the order of their seeds. */
export async function sampleOutputs(
  model: LanguageModel,
  cache: ScoreCache,
  prompt: string,
  options: OutputOptions,
  hooks: TeacherHooks,
): Promise<string[]> {
  const { count, seed, maxTokens, stop, expected } = options;
  const seeds = Array.from({ length: count }, (_, index) => seed + index);
  const texts = await mapConcurrently(seeds, model.parallel, async (own) => {
    const key = cacheKey("generate", model.name, prompt, { temperature, seed: own, maxTokens, stop });
    const known = cache.text(key);
    if (known !== undefined) return known;
    const { signal, onSpent } = hooks;
    let text = "";
    const request = { maxTokens, temperature, seed: own, stop, ...(signal && { signal }) };
    for await (const event of model.generate({ prompt }, request)) {
      if (event.type === "text") text += event.text;
      if (event.type === "end") onSpent?.({ tokens: event.usage.promptTokens + event.usage.outputTokens });
    }
    await cache.putText(key, text);
    return text;
  });
  const seen = new Set(["", ...expected.map((text) => text.trim())]);
  return texts
    .map((text) => text.trimEnd())
    .filter((text) => {
      const isNew = !seen.has(text.trim());
      seen.add(text.trim());
      return isNew;
    });
}

/** 1 for the likeliest: one more than the rivals that are likelier. */
export function rankOf(value: number, rivals: readonly number[]): number {
  return 1 + rivals.filter((rival) => rival > value).length;
}
