/**
 * PopQA (Mallen et al. 2023): questions about rarely and often read subjects, written answers.
 *
 * Protocol of LLM-Embedder: three passages, one example of each other relation (drawn from the questions themselves), 16
 * new tokens on one line; right if any of the possible answers stands in it as it is, in lower case, or capitalised.
 */

import { type AnsweredQuestion, readPopqa, spread } from "../../dataset/index.ts";
import { createRandom } from "../../std/index.ts";
import type { Benchmark } from "./benchmark.ts";
import { fitPrompt, tooLong } from "./fit.ts";
import { knowledgeBlock, openPassages } from "./knowledge.ts";
import { groupMeans, meansOf } from "./means.ts";

const newTokens = 16;

export const popqa: Benchmark = {
  name: "popqa",
  task: "qa",
  methods: ["none", "bm25", "dense", "hybrid"],
  needsModel: true,
  open: async (folder, options) => {
    const { k = 3, shots = 15, split = "test", maxQueries, corpus, seed } = options;
    const all = await readPopqa(folder, { split });
    const answered = all.filter(({ answers }) => answers.length > 0);
    const records = await openPassages(folder, corpus, "nq");
    const byRelation = relationsOf(answered);
    const chosen = spread(answered, maxQueries);
    const byId = new Map(chosen.map((question, at) => [question.id, { question, at }]));
    return {
      ...{ split, records, retrieval: [], depth: Math.max(10, k), headline: "accuracy" },
      excluded: withoutAnswers(all.length - answered.length),
      config: { ...(corpus !== undefined && { corpus }), k, shots, newTokens },
      items: chosen.map(({ id, question, answers, relation }) => ({
        ...{ id, query: question, answers },
        ...(relation !== undefined && { group: relation }),
      })),
      measure: async ({ id }, found, model) => {
        const asked = byId.get(id);
        if (asked === undefined) return { leftOut: "unknown" };
        const examples = drawShots(byRelation, asked.question, shots, seed + asked.at);
        const prompt = await fitPrompt(
          model,
          found.slice(0, k).map(({ text }) => text),
          (passages) =>
            `${knowledgeBlock(passages)}${[...examples, asked.question].map(blockOf).join("\n\n")}`,
          { tokens: model.window, reserved: newTokens },
        );
        if (prompt === undefined) return tooLong;
        const output = (await model.write(prompt, { maxTokens: newTokens, stop: ["\n"] })).trim();
        return { metrics: { accuracy: contains(output, asked.question.answers) ? 1 : 0 }, output };

        function blockOf(one: AnsweredQuestion): string {
          const answer = one === asked?.question ? "" : ` ${one.answers[0]}`;
          return `Q: ${one.question} A:${answer}`;
        }
      },
      summarise: (results) => ({ ...meansOf(results), groups: groupMeans(results) }),
    };
  },
};

export function withoutAnswers(count: number): Record<string, number> {
  return count > 0 ? { "without answers": count } : {};
}

function contains(output: string, answers: readonly string[]): boolean {
  return answers.some((answer) =>
    [answer, answer.toLowerCase(), capitalised(answer)].some((form) => output.includes(form)),
  );
}

/** As Python's `str.capitalize`: the first letter large, all others small. */
function capitalised(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1).toLowerCase()}`;
}

function relationsOf(questions: readonly AnsweredQuestion[]): Map<string, AnsweredQuestion[]> {
  const relations = new Map<string, AnsweredQuestion[]>();
  for (const question of questions) {
    const own = relations.get(question.relation ?? "");
    if (own === undefined) relations.set(question.relation ?? "", [question]);
    else own.push(question);
  }
  return relations;
}

/** One of each relation but the question's own, at most `shots`, the same for the same seed. */
function drawShots(
  relations: ReadonlyMap<string, readonly AnsweredQuestion[]>,
  { relation = "" }: AnsweredQuestion,
  shots: number,
  seed: number,
): AnsweredQuestion[] {
  const random = createRandom(seed);
  return [...relations]
    .filter(([name]) => name !== relation)
    .flatMap(([, questions]) => questions[Math.floor(random() * questions.length)] ?? [])
    .slice(0, shots);
}
