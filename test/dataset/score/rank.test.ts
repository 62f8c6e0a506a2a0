/** The rank reward, our reading of the paper's later version: by how many ranks a candidate lifts the expected output. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { rankOf } from "#src/dataset/score/outputs.js";
import type { GenerateInput, GenerateOptions, LanguageModel } from "#src/llm/index.js";
import { bigramModel, logProbabilities, tokenize } from "../../support/bigram-model.ts";
import { Folder } from "./here.ts";

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

interface Generated {
  readonly input: GenerateInput;
  readonly options: GenerateOptions;
}

/** A model that scores as the bigram model does and writes, for a seed, the output of that number. */
function model(outputs: readonly string[]): { model: LanguageModel; generated: Generated[] } {
  const generated: Generated[] = [];
  return {
    generated,
    model: {
      ...bigramModel(),
      async *generate(input, options = {}) {
        generated.push({ input, options });
        yield { type: "text", text: outputs[(options.seed ?? 0) % outputs.length] ?? "" };
        yield { type: "end", reason: "stop", usage: { promptTokens: 7, outputTokens: 2 } };
      },
    },
  };
}

const likelihood = (prompt: string, continuation: string): number => {
  const count = tokenize(continuation).length;
  const values = logProbabilities(tokenize(prompt + continuation)).slice(-count);
  return values.reduce((all, value) => all + value, 0) / count;
};

const outputs = [" Rome", " a dog", " is lazy", " Paris", " Rome ", "", " zzz"];
const row = {
  query: "The capital of",
  pos: ["x"],
  neg: ["y", "z"],
  answers: ["Paris"],
  task: "own",
};
// The key stands right before the answer, where a bigram model looks.
const template = "{query}\n{key}{answer}";

it("is the rank without the candidate less the rank with it", async () => {
  // Of the counts behind the model: after " is" Paris 2, Rome 1, others fewer; after " a" little 2, dog 1, Rome 0.
  const written = [" Paris", " little", " Rome", " dog", " Paris ", "", " dog"];
  const others = [" Paris", " little", " dog"];
  const { model: llm, generated } = model(written);
  const keys = [" zzz", " is", " is a"];
  const given = { ...row, query: "It is", pos: [keys[0]], neg: keys.slice(1), answers: ["Rome"] };
  const { rows, report } = await folder.ask(llm, [given], {
    ...{ reward: "rank", samples: 7, seed: 0 },
    template: "{query}{key} {answer}",
  });
  const rank = (prompt: string): number => {
    const values = others.map((rival) => likelihood(prompt, rival));
    return 1 + values.filter((value) => value > likelihood(prompt, " Rome")).length;
  };
  const expected = keys.map((key) => rank("It is") - rank(`It is${key}`));
  expect(expected).toEqual([1, 0, -1]);
  expect(rows[0].teacher_scores).toEqual(expected);
  expect(rows[0].teacher).toMatchObject({ name: "rank", reading: "ours", samples: 7, seed: 0 });
  expect(generated.map(({ input, options }) => ({ input, ...options }))).toEqual(
    [0, 1, 2, 3, 4, 5, 6].map((seed) => ({
      input: { prompt: "It is" },
      ...{ maxTokens: 16, temperature: 1, seed, stop: ["\n"] },
    })),
  );
  // Four prompts, each with the answer and its rivals.
  expect(report).toMatchObject({ scored: 4 * 4, cached: 0 });
});

it("asks for nothing twice", async () => {
  const { model: llm, generated } = model(outputs);
  await folder.ask(llm, [row], { reward: "rank", template, samples: 5 });
  expect(generated).toHaveLength(5);
  const { report } = await folder.ask(llm, [row], { reward: "rank", template, samples: 5 });
  expect(generated).toHaveLength(5);
  expect(report).toMatchObject({ scored: 0, tokens: 0 });
  await folder.ask(llm, [row], { reward: "rank", template, samples: 6 });
  expect(generated).toHaveLength(6);
});

it("is 0 where the model writes nothing but the expected output", async () => {
  const { model: llm } = model([" Paris"]);
  const { rows } = await folder.ask(llm, [row], { reward: "rank", template });
  expect(rows[0].teacher_scores).toEqual([0, 0, 0]);
});

it("gives several answers a rank each, and may have outputs of several lines where they do", async () => {
  const { model: llm, generated } = model(outputs);
  const { rows } = await folder.ask(llm, [{ ...row, answers: ["Paris", "a\nb"] }], {
    reward: "rank",
    template,
  });
  expect(rows[0].teacher_scores_mean).toHaveLength(3);
  expect(generated[0]?.options.stop).toEqual([]);
});

describe("ranks", () => {
  it("begin at 1, and equals do not count", () => {
    expect(rankOf(-1, [])).toBe(1);
    expect(rankOf(-1, [-2, -1, -0.5])).toBe(2);
    expect(rankOf(-3, [-2, -1, -0.5])).toBe(4);
  });
});
