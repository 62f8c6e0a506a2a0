/**
 * MMLU (Hendrycks et al. 2021): questions with four choices in 57 subjects, answered with passages as knowledge.
 *
 * Protocol of LLM-Embedder (arXiv 2310.07554, section 5): three passages found by the question alone, no examples, the
 * letter whose likelihood is highest; accuracy by subject, and the mean over subjects.
 */

import { mmluCategories, readMmlu, spread } from "../../dataset/index.ts";
import type { Benchmark, Summary } from "./benchmark.ts";
import { fitPrompt, longest, tooLong } from "./fit.ts";
import { knowledgeBlock, openPassages } from "./knowledge.ts";
import { groupMeans } from "./means.ts";
import type { QueryResult } from "./receipt.ts";

const letters = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"];

export const mmlu: Benchmark = {
  name: "mmlu",
  task: "qa",
  methods: ["none", "bm25", "dense", "hybrid"],
  needsModel: true,
  open: async (folder, options) => {
    const { k = 3, split = "test", maxQueries, corpus } = options;
    const questions = await readMmlu(folder, { split });
    const records = await openPassages(folder, corpus, "msmarco");
    const chosen = spread(questions, maxQueries);
    const byId = new Map(chosen.map((question) => [question.id, question]));
    return {
      ...{ split, records, excluded: {}, retrieval: [], depth: Math.max(10, k), headline: "accuracy" },
      config: { ...(corpus !== undefined && { corpus }), k, shots: 0 },
      items: chosen.map(({ id, subject, question, answer }) => ({
        ...{ id, group: subject, query: question, answers: [letters[answer] ?? ""] },
      })),
      measure: async ({ id }, found, model) => {
        const asked = byId.get(id);
        if (asked === undefined) return { leftOut: "unknown" };
        const options = letters.slice(0, asked.choices.length).map((letter) => ` ${letter}`);
        const prompt = await fitPrompt(
          model,
          found.slice(0, k).map(({ text }) => text),
          (passages) => `${knowledgeBlock(passages)}${questionOf(asked)}`,
          { tokens: model.window, reserved: await longest(model, options) },
        );
        if (prompt === undefined) return tooLong;
        const scores = await model.likelihoods(prompt, options);
        const means = scores.map(({ sum, tokens }) => sum / tokens);
        const chosen = means.indexOf(Math.max(...means));
        return { metrics: { accuracy: chosen === asked.answer ? 1 : 0 }, output: letters[chosen] ?? "" };
      },
      summarise,
    };
  },
};

function questionOf({
  subject,
  question,
  choices,
}: {
  readonly subject: string;
  readonly question: string;
  readonly choices: readonly string[];
}): string {
  const head = `The following are multiple choice questions (with answers) about ${subject.replaceAll("_", " ")}.`;
  const lines = choices.map((choice, at) => `${letters[at]}. ${choice}`);
  return `${head}\n\n${question.trim()}\n${lines.join("\n")}\nAnswer:`;
}

/** Unweighted over subjects, as the paper has it; categories are means of their subjects. */
function summarise(results: readonly QueryResult[]): Summary {
  const subjects = groupMeans(results);
  const categories = new Map<string, number[]>();
  for (const [subject, { accuracy = 0 }] of Object.entries(subjects)) {
    const category = mmluCategories[subject] ?? "Other";
    categories.set(category, [...(categories.get(category) ?? []), accuracy]);
  }
  const accuracies = Object.values(subjects).map(({ accuracy = 0 }) => accuracy);
  return {
    metrics: {
      accuracy: mean(accuracies),
      ...Object.fromEntries([...categories].map(([name, values]) => [name, mean(values)])),
    },
    groups: subjects,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
