/** Scores by a model behind `retrieve serve`: kept for its weights, and not for others under the same id and URL. */

import { afterEach, beforeEach, expect, it } from "vitest";
import { type LanguageModel, openLanguageModel } from "#src/llm/index.js";
import { type RunningServer, serveCompletions } from "#src/serve/index.js";
import { bigramModel } from "../../support/bigram-model.ts";
import { Folder, type Scored } from "./here.ts";

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

const row = {
  query: "What is the capital of France?",
  pos: ["The capital of France is Paris."],
  neg: ["The dog is lazy.", "Rome is there."],
  answers: ["Paris."],
  task: "qa",
};

/** Finds every token half as likely, on a logarithmic scale. */
function otherWeights(): LanguageModel {
  const { score, ...model } = bigramModel();
  return {
    ...model,
    name: "bigram#other",
    score: async (...asked) =>
      (await score!(...asked)).map(({ tokens, logProbabilities }) => ({
        tokens,
        logProbabilities: logProbabilities.map((value) => 2 * value),
      })),
  };
}

let port = 0;
async function scoreServed(llm: LanguageModel): Promise<Scored> {
  const server: RunningServer = await serveCompletions({ llm, id: "tiny", port });
  port = Number(new URL(server.url).port);
  try {
    return await folder.ask(await openLanguageModel(`openai:tiny@${server.url}`), [row]);
  } finally {
    await server.close();
  }
}

it("takes nothing from the cache that other weights said, and all that its own did", async () => {
  const first = await scoreServed(bigramModel());
  expect(first.report).toMatchObject({ scored: 3, cached: 0 });
  const other = await scoreServed(otherWeights());
  expect(other.report).toMatchObject({ scored: 3, cached: 0 });
  const scores: number[] = first.rows[0].teacher_scores;
  expect(other.rows[0].teacher_scores).toEqual(scores.map((score) => expect.closeTo(2 * score, 12)));
  expect(other.rows[0].teacher.model).not.toBe(first.rows[0].teacher.model);
  const again = await scoreServed(bigramModel());
  expect(again.report).toMatchObject({ scored: 0, cached: 3 });
  expect(again.rows).toEqual(first.rows);
});
