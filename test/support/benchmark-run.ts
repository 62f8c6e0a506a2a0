/** Benchmarks run over language models whose probabilities are known. */

import { openCachedModel } from "#src/dataset/index.js";
import { type BenchmarkRun, benchmarks, type RunBenchmarkOptions, runBenchmark } from "#src/eval/index.js";
import type { LanguageModel } from "#src/llm/index.js";
import { folderWith } from "./benchmark-folder.ts";
import { bigramModel, logProbabilities, tokenize } from "./bigram-model.ts";
import { keywordEncoder } from "./keyword-encoder.ts";

type Options = Partial<Omit<RunBenchmarkOptions, "model" | "benchmark">> & {
  readonly model?: LanguageModel;
  readonly answers?: string;
};

export async function run(
  name: string,
  folder: string,
  { model, answers, ...options }: Options = {},
): Promise<BenchmarkRun[]> {
  const benchmark = benchmarks.find((one) => one.name === name);
  if (benchmark === undefined) throw new Error(`no benchmark ${name}`);
  const given = { benchmark, folder, encoder: keywordEncoder(), ...options };
  if (model === undefined) return await runBenchmark(given);
  await using cached = await openCachedModel(model, answers ?? folderWith({}));
  return await runBenchmark({ ...given, model: cached });
}

/** A model that records what it was asked. */
export function recording(
  model: LanguageModel = bigramModel(400),
): LanguageModel & { readonly prompts: string[] } {
  const prompts: string[] = [];
  const { score } = model;
  return {
    ...model,
    prompts,
    truncate: async (text, limit) => tokenize(text).slice(0, limit).join(""),
    ...(score && {
      score: async (prompt: string, continuations: readonly string[]) => {
        prompts.push(prompt);
        return await score(prompt, continuations);
      },
    }),
    generate: (input, options) => {
      prompts.push("prompt" in input ? input.prompt : "chat");
      return model.generate(input, options);
    },
  };
}

/** Mean loss of the last tokens of a text, by the bigrams themselves. */
export function lossOf(prompt: string, continuation: string): number {
  const all = tokenize(prompt + continuation);
  const values = logProbabilities(all).slice(tokenize(prompt).length);
  return -values.reduce((sum, value) => sum + value, 0) / values.length;
}

export const only = (runs: readonly BenchmarkRun[]): BenchmarkRun => {
  const [first] = runs;
  if (first === undefined || runs.length !== 1) throw new Error(`${runs.length} runs`);
  return first;
};
