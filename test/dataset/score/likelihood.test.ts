/** The likelihood reward by a model whose probabilities are known. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { estimateScoring, languageModelTeacher } from "#src/dataset/index.js";
import type { LanguageModel } from "#src/llm/index.js";
import { bigramModel, logProbabilities, tokenize } from "../../support/bigram-model.ts";
import { Folder } from "./here.ts";

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

/** Log-probabilities of the last `count` tokens of a whole text. */
function lastOf(text: string, count: number): number[] {
  return logProbabilities(tokenize(text)).slice(-count);
}
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;

/** The bigram model, which cuts texts by its tokens too, and all that it was asked to score. */
function watched(model: LanguageModel = bigramModel()): { model: LanguageModel; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    model: {
      ...model,
      ...(model.countTokens && {
        truncate: async (text, limit) => tokenize(text).slice(0, limit).join(""),
      }),
      score: async (prompt, continuations, options) => {
        asked.push(...continuations.map((continuation) => prompt + continuation));
        return (await model.score?.(prompt, continuations, options)) ?? [];
      },
    },
  };
}

const qa = {
  query: "The capital of France",
  pos: ["The capital of France is Paris."],
  neg: ["A little dog", "The door"],
  answers: ["is Paris"],
  task: "qa",
  query_id: 7,
  source: { kept: true },
};
const prompt = (key: string, query = qa.query): string =>
  `Knowledge: ${key}\n\nQuestion: ${query}\n\nAnswer:`;

describe("scores", () => {
  it("are mean log-probabilities of the answer, for pos and neg, beside what made them", async () => {
    const { rows, report } = await folder.ask(bigramModel(), [qa]);
    const keys = [...qa.pos, ...qa.neg];
    expect(rows).toEqual([
      {
        ...qa,
        teacher_scores: keys.map((key) => expect.closeTo(mean(lastOf(`${prompt(key)} is Paris`, 2)), 12)),
        teacher: {
          name: "likelihood",
          model: "bigram",
          // printf 'Knowledge: {key}\n\nQuestion: {query}\n\nAnswer: {answer}' | sha256sum
          template: "cec040a203b7",
          reduce: "mean",
          answers: "best",
          max_key_tokens: 512,
          window: 200,
        },
      },
    ]);
    const tokens = keys.map((key) => tokenize(prompt(key)).length + 2);
    expect(report).toMatchObject({ rows: 1, scored: 3, cached: 0, tokens: sum(tokens) });
  });

  it("are sums where sums are asked for", async () => {
    const { rows } = await folder.ask(bigramModel(), [qa], { reduce: "sum" });
    expect(rows[0].teacher_scores[0]).toBeCloseTo(sum(lastOf(`${prompt(qa.pos[0] ?? "")} is Paris`, 2)), 12);
  });

  it.each([
    ["best", "teacher_scores_mean"],
    ["mean", "teacher_scores_best"],
  ] as const)("of several answers are the %s, with %s beside", async (answers, other) => {
    const several = { ...qa, answers: ["is Paris", "Rome", "the lazy dog"] };
    const { rows, report } = await folder.ask(bigramModel(), [several], { answers });
    const each = [...qa.pos, ...qa.neg].map((key) => [
      mean(lastOf(`${prompt(key)} is Paris`, 2)),
      mean(lastOf(`${prompt(key)} Rome`, 1)),
      mean(lastOf(`${prompt(key)} the lazy dog`, 3)),
    ]);
    const best = each.map((values) => expect.closeTo(Math.max(...values), 12));
    const middle = each.map((values) => expect.closeTo(mean(values), 12));
    expect(rows[0].teacher_scores).toEqual(answers === "best" ? best : middle);
    expect(rows[0][other]).toEqual(answers === "best" ? middle : best);
    expect(report.scored).toBe(9);
  });

  it("of icl stand after the line break, of chat after history", async () => {
    const icl = { query: "Once upon", pos: ["A\nB"], answers: ["a time"], task: "icl" };
    const { rows } = await folder.ask(bigramModel(), [icl]);
    // The output begins its line: its first token is the letter alone, as after any line break.
    expect(rows[0].teacher_scores[0]).toBeCloseTo(mean(lastOf("A\nB\nOnce upon\na time", 2)), 12);
    const chat = { query: "The dog", history: ["one", "two"], answers: ["is lazy"], task: "chat" };
    const { rows: turns } = await folder.ask(bigramModel(), [chat]);
    expect(turns[0].teacher_scores[1]).toBeCloseTo(
      mean(lastOf("two\nSpeaker 1: The dog\nSpeaker 2: is lazy", 2)),
      12,
    );
    expect(turns[0].history).toEqual(["one", "two"]);
  });

  it("of long texts have the candidate with what follows it, context, query, answer, and nothing between", async () => {
    const row = { query: "Q.", context: "C.", history: ["1.", "2.", "3."], answers: ["A."], task: "lrlm" };
    const { model, asked } = watched();
    await folder.ask(model, [row]);
    expect(asked.sort()).toEqual(["1.2.C.Q.A.", "2.3.C.Q.A.", "3.C.Q.A."]);
    asked.length = 0;
    await folder.ask(model, [{ ...row, continuations: ["x.", "y.", "z."] }]);
    expect(asked.sort()).toEqual(["1.x.C.Q.A.", "2.y.C.Q.A.", "3.z.C.Q.A."]);
    asked.length = 0;
    const { history: _, ...labelled } = { ...row, pos: ["4."], neg: ["1."] };
    await folder.ask(model, [labelled]);
    expect(asked.sort()).toEqual(["1.C.Q.A.", "4.C.Q.A."]);
    await expect(folder.ask(model, [{ ...row, continuations: ["x."] }])).rejects.toThrow(
      /rows\.jsonl:1: "continuations" is no list of 3 texts/,
    );
  });

  it("follow an own template", async () => {
    const { model, asked } = watched();
    await folder.ask(model, [{ ...qa, task: "own" }], { template: "{query} <- {key} {answer}" });
    expect(asked[0]).toBe("The capital of France <- The capital of France is Paris. is Paris");
  });

  it("replace those that were there, with all their fields", async () => {
    const before = {
      ...qa,
      teacher_scores: [1, 2, 3],
      teacher_scores_mean: [1, 2, 3],
      teacher: { name: "old" },
    };
    const [row] = (await folder.ask(bigramModel(), [before])).rows;
    expect(row.teacher_scores[0]).toBeLessThan(0);
    expect(row).not.toHaveProperty("teacher_scores_mean");
    expect(row.teacher.name).toBe("likelihood");
    expect(row.source).toEqual({ kept: true });
  });
});

describe("what is too long", () => {
  it("is cut at the candidate, to its own limit", async () => {
    const { model, asked } = watched();
    const { rows, notices } = await folder.ask(
      model,
      [{ ...qa, pos: ["one two three four"], neg: ["one two"] }],
      { maxKeyTokens: 2 },
    );
    expect(asked).toEqual([`${prompt("one two")} is Paris`]);
    expect(rows[0].teacher_scores[0]).toBe(rows[0].teacher_scores[1]);
    expect(notices).toContainEqual("1 candidates were cut to 2 tokens");
  });

  it("is cut further to fit the window; question and answer stay whole, and it is told", async () => {
    const fixed = tokenize(prompt("dog")).length - 1 + tokenize(" is Paris").length;
    const { model, asked } = watched(bigramModel(fixed + 2 + 3));
    const long = Array.from({ length: 60 }, () => "dog").join(" ");
    const { notices } = await folder.ask(model, [{ ...qa, pos: [long], neg: ["The door"] }]);
    expect(asked).toEqual([`${prompt("dog dog dog")} is Paris`, `${prompt("The door")} is Paris`]);
    const window = `the window of ${fixed + 5} tokens`;
    expect(notices).toContainEqual(expect.stringMatching(new RegExp(`rows.jsonl:1: .*cut to fit ${window}`)));
    expect(notices).toContainEqual(`1 candidates were cut further, to fit ${window}`);
  });

  it("is left out where question and answer alone exceed the window", async () => {
    const long = { ...qa, query: Array.from({ length: 300 }, () => "dog").join(" ") };
    const { rows, notices } = await folder.ask(bigramModel(), [qa, long, qa]);
    expect(rows).toHaveLength(2);
    expect(notices).toContainEqual(
      expect.stringMatching(
        /^1 rows are left out: 1 whose question and answer exceed the window of 200 tokens \(the first: .*:2\)$/,
      ),
    );
    await expect(folder.ask(bigramModel(), [long])).rejects.toMatchObject({ code: "invalid_data" });
  });

  it("is cut by characters until the tokens fit, where the model counts but does not cut", async () => {
    const asked: string[] = [];
    const model: LanguageModel = {
      ...bigramModel(),
      score: async (given, continuations) => {
        asked.push(given);
        return continuations.map(() => ({ tokens: ["x"], logProbabilities: [-1] }));
      },
    };
    await folder.ask(
      model,
      [{ ...qa, pos: ["dog. dog! dog? a-b-c-d \u{1F436}\u{1F436}"], neg: ["\u{1F436}"] }],
      {
        maxKeyTokens: 4,
      },
    );
    const [, key = ""] = /^Knowledge: (.*)\n/.exec(asked[0] ?? "") ?? [];
    expect("dog. dog! dog?".startsWith(key)).toBe(true);
    expect(tokenize(key).length).toBeGreaterThan(1);
    expect(tokenize(key).length).toBeLessThanOrEqual(4);
  });

  it("is cut by characters where the model does not count, which is told once", async () => {
    const { countTokens: _, ...mute } = bigramModel(40);
    const { model, asked } = watched(mute);
    const { notices } = await folder.ask(model, [{ ...qa, pos: ["x".repeat(500)], neg: ["y"] }], {
      maxKeyTokens: 5,
    });
    // 3 characters a token; 40 tokens hold the rest whole.
    expect(asked[0]).toBe(`${prompt("x".repeat(15))} is Paris`);
    expect(notices.filter((notice) => notice.includes("counts no tokens"))).toHaveLength(1);
  });
});

describe("what is known", () => {
  it("is never asked again: of another run, another row, another answer", async () => {
    const { model, asked } = watched();
    const first = await folder.ask(model, [qa, qa]);
    expect(asked).toHaveLength(3);
    expect(first.report).toMatchObject({ rows: 2, scored: 3, cached: 3 });
    const again = await folder.ask(model, [qa]);
    expect(asked).toHaveLength(3);
    expect(again.report).toMatchObject({ rows: 1, scored: 0, cached: 3, tokens: 0 });
    const more = await folder.ask(model, [{ ...qa, answers: ["is Paris", "Rome"] }]);
    expect(asked.slice(3)).toEqual([...qa.pos, ...qa.neg].map((key) => `${prompt(key)} Rome`));
    expect(more.report).toMatchObject({ scored: 3, cached: 3 });
  });

  it("is another model's nowhere", async () => {
    await folder.ask(bigramModel(), [qa]);
    const { model, asked } = watched({ ...bigramModel(), name: "bigram-2" });
    await folder.ask(model, [qa]);
    expect(asked).toHaveLength(3);
  });

  it("survives a torn last line and foreign bytes", async () => {
    const { model, asked } = watched();
    await folder.ask(model, [qa]);
    const [models = ""] = readdirSync(folder.cache);
    const [file = ""] = readdirSync(join(folder.cache, models));
    const path = join(folder.cache, models, file);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(JSON.parse(lines[0] ?? "")).toEqual({ model: "bigram" });
    expect(lines).toHaveLength(4);
    const torn = lines.at(-1)?.slice(0, 20) ?? "";
    writeFileSync(path, `${[...lines.slice(0, 2), "\0\0{", lines[2], torn].join("\n")}`);
    asked.length = 0;
    const { report } = await folder.ask(model, [qa]);
    expect(asked).toHaveLength(1);
    expect(report).toMatchObject({ scored: 1, cached: 2 });
  });
});

describe("costs", () => {
  const many = Array.from({ length: 40 }, (_, at) => ({
    ...qa,
    query: `${qa.query} ${"dog ".repeat(at % 4)}`,
  }));

  it("are told before, by a trial whose scores are kept", async () => {
    const { model, asked } = watched();
    const rows = folder.write(many);
    const options = { rows, teacher: languageModelTeacher(model, { cache: folder.cache }) };
    const cost = await estimateScoring(options);
    const tokens = many.flatMap(({ query }) =>
      [...qa.pos, ...qa.neg].map((key) => tokenize(`${prompt(key, query)} is Paris`).length),
    );
    expect(cost).toMatchObject({ rows: 40, candidates: 120, seconds: expect.any(Number) });
    expect(Math.abs(cost.tokens - sum(tokens)) / sum(tokens)).toBeLessThan(0.1);
    expect(existsSync(folder.place("out.jsonl"))).toBe(false);
    const tried = asked.length;
    expect(tried).toBeGreaterThan(0);
    const { report, notices } = await folder.ask(model, many);
    expect(new Set(asked).size).toBe(asked.length);
    expect(report.scored).toBe(asked.length - tried);
    expect(notices[0]).toMatch(/^40 rows, 120 candidates: about [\d,]+ tokens/);
  });

  it("count what a trial scored as scored, not as cached", async () => {
    const { report } = await folder.ask(bigramModel(), many.slice(0, 4));
    expect(report).toMatchObject({ scored: 12, cached: 0 });
  });

  it("are told meanwhile", async () => {
    const seen: { done: number; total: number; tokens: number }[] = [];
    const { report } = await folder.ask(
      bigramModel(),
      many,
      {},
      { onProgress: (one) => seen.push({ ...one }) },
    );
    expect(seen.at(-1)).toEqual({ done: 120, total: 120, tokens: report.tokens });
    expect(seen.map(({ done }) => done)).toEqual(seen.map(({ done }) => done).sort((a, b) => a - b));
  });
});

describe("shards", () => {
  it("make the whole file when they are joined in order, also where some are empty", async () => {
    const rows = [0, 1, 2, 3, 4].map((at) => ({ ...qa, query_id: at }));
    await folder.ask(bigramModel(), rows);
    const whole = readFileSync(folder.place("out.jsonl"), "utf8");
    for (const of of [1, 2, 3, 7]) {
      let joined = "";
      for (let index = 0; index < of; index++) {
        await folder.ask(bigramModel(), rows, {}, { shard: { index, of } });
        joined += readFileSync(folder.place("out.jsonl"), "utf8");
      }
      expect(joined).toBe(whole);
    }
  });

  it.each([
    [3, 3],
    [-1, 2],
    [0, 0],
    [0.5, 2],
  ])("%d of %d is none", async (index, of) => {
    await expect(folder.ask(bigramModel(), [qa], {}, { shard: { index, of } })).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("0/4 to 3/4"),
    });
  });
});

describe("refused", () => {
  const refused = async (model: LanguageModel, rows: object[], wanted: object): Promise<void> => {
    await expect(folder.ask(model, rows)).rejects.toMatchObject(wanted);
    expect(folder.names().filter((name) => name.startsWith("out"))).toEqual([]);
  };

  it("is a model that tells no likelihoods", async () => {
    const { score: _, ...model } = bigramModel();
    await refused(model, [qa], {
      code: "unsupported",
      message: expect.stringContaining("tells no likelihoods"),
    });
  });

  it.each([Number.NaN, Number.NEGATIVE_INFINITY, 0.5])("is a log-probability of %d", async (value) => {
    const broken: LanguageModel = {
      ...bigramModel(),
      score: async (_, continuations) =>
        continuations.map(() => ({ tokens: ["a", "b"], logProbabilities: [-1, value] })),
    };
    await refused(broken, [qa], {
      code: "invalid_data",
      message: expect.stringMatching(/^bigram gave .* wanted finite log-probabilities/),
    });
    const { report } = await folder.ask(bigramModel(), [qa]);
    expect(report).toMatchObject({ scored: 3, cached: 0 });
  });

  it("are scores for fewer continuations, and for no token", async () => {
    const fewer: LanguageModel = { ...bigramModel(), score: async () => [] };
    await refused(fewer, [qa], { message: expect.stringContaining("gave 0 scores for 1 continuations") });
    const none: LanguageModel = {
      ...bigramModel(),
      score: async () => [{ tokens: [], logProbabilities: [] }],
    };
    await refused(none, [qa], { message: expect.stringContaining("gave no token") });
  });

  it("are tools, with the reason, and tasks without a layout", async () => {
    await refused(bigramModel(), [{ ...qa, task: "tool" }], {
      code: "unsupported",
      message: expect.stringContaining("their labels do"),
    });
    await refused(bigramModel(), [{ ...qa, task: "poetry" }], {
      code: "invalid_argument",
      message: expect.stringContaining("wanted qa, convsearch, icl, chat, lrlm"),
    });
  });

  it("are two tasks in a file, naming the line, and none", async () => {
    await refused(bigramModel(), [qa, { ...qa, task: "icl" }], {
      code: "invalid_data",
      message: expect.stringMatching(/rows\.jsonl:2: "task" is "icl"; wanted "qa"/),
    });
    const { task: _, ...untold } = qa;
    await refused(bigramModel(), [untold], { message: expect.stringContaining('"task" is absent') });
    const { rows } = await folder.ask(bigramModel(), [untold], {}, { task: "qa" });
    expect(rows[0].task).toBe("qa");
  });

  it("are rows without candidates, and files without rows", async () => {
    await refused(bigramModel(), [qa, { ...qa, pos: [], neg: [] }], {
      message: expect.stringContaining("rows.jsonl:2"),
    });
    await refused(bigramModel(), [], { message: expect.stringContaining("no rows") });
  });

  it("are numbers out of their range", async () => {
    for (const option of [{ maxKeyTokens: 0 }, { samples: 1.5 }]) {
      await expect(folder.ask(bigramModel(), [qa], option)).rejects.toMatchObject({
        code: "invalid_argument",
      });
    }
  });
});

describe("rows without answers", () => {
  const { answers: _, ...unanswered } = qa;

  it("are left out and told with their number and the first place", async () => {
    const { rows, report, notices } = await folder.ask(bigramModel(), [qa, unanswered, unanswered, qa]);
    expect(rows).toHaveLength(2);
    expect(report.rows).toBe(2);
    expect(notices).toContainEqual(
      expect.stringMatching(/^2 rows are left out: 2 without answers \(the first: .*rows\.jsonl:2\)$/),
    );
  });

  it("are an error where there are no others, which leaves nothing behind", async () => {
    await expect(folder.ask(bigramModel(), [unanswered])).rejects.toMatchObject({
      code: "invalid_data",
      message: expect.stringMatching(/no row can be scored: 1 without answers/),
    });
    expect(folder.names()).toEqual(["cache", "rows.jsonl"]);
  });
});

it("says of convsearch that the paper's recipe has no rewards for it, and scores it", async () => {
  const { rows, notices } = await folder.ask(bigramModel(), [{ ...qa, task: "convsearch" }]);
  expect(rows[0].teacher_scores).toHaveLength(3);
  expect(notices).toContainEqual(expect.stringContaining("the paper's recipe has no rewards for convsearch"));
});

it("surfaces an error of the model, and goes on without asking again what was answered", async () => {
  const many = Array.from({ length: 30 }, (_, at) => ({ ...qa, query_id: at, query: `${qa.query} ${at}` }));
  const { model, asked } = watched();
  const failing: LanguageModel = {
    ...model,
    score: async (...given) => {
      if (asked.length >= 80) throw new Error("503 Service Unavailable");
      return (await model.score?.(...given)) ?? [];
    },
  };
  await expect(folder.ask(failing, many)).rejects.toThrow("503 Service Unavailable");
  expect(existsSync(folder.place("out.jsonl"))).toBe(false);
  const answered = asked.length;
  const { rows, notices } = await folder.ask(model, many);
  expect(rows.map(({ query_id }) => query_id)).toEqual(many.map(({ query_id }) => query_id));
  expect(asked.length).toBeGreaterThan(answered);
  expect(new Set(asked).size).toBe(asked.length);
  expect(notices).toContainEqual(expect.stringMatching(/goes on after \d+ rows/));
});
