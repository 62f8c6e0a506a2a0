/**
 * The language model as the teacher: what a candidate is worth is how likely it makes the expected output.
 *
 * `likelihood` is the reward of LLM-Embedder (arXiv 2310.07554, equation 1) as its code takes it: the mean
 * log-probability of the answer's tokens. `rank` is our reading of the reward of the paper's later version: by how many
 * ranks the candidate lifts the expected output O among outputs that the model writes for the question U alone,
 * rank(O|U) - rank(O|U,C), all ordered by likelihood. The paper's own formula is not public in code. Where a model tells no
 * likelihoods, `yes-no`, `generation-em` and `generation-f1` stand in, each under its own name.
 */

import { createHash } from "node:crypto";
import type { LanguageModel } from "../../llm/index.ts";
import { mapConcurrently, type OnNotice, RetrieveError } from "../../std/index.ts";
import type { PlacedRow } from "../row-batches.ts";
import { type CachedScore, openScoreCache, type ScoreCache } from "./cache.ts";
import { type Layout, layoutTasks, parseLayout, taskLayout } from "./layout.ts";
import { rankOf, sampleOutputs } from "./outputs.ts";
import { createPromptWriter, type PromptWriter } from "./prompts.ts";
import { type Ask, createScorer, type Scorer } from "./scorer.ts";
import {
  type OpenTeacher,
  type Teacher,
  type TeacherHooks,
  type Verdict,
  withoutAnswers,
} from "./teacher.ts";
import { type OtherReward, withoutLikelihood } from "./without-likelihood.ts";

export interface LanguageModelTeacherOptions {
  /** Folder of what models were asked before; processes may share it. */
  readonly cache: string;
  /** Default `likelihood`. */
  readonly reward?: "likelihood" | "rank" | OtherReward;
  /** Own layout; see {@link parseLayout}. Default by task. */
  readonly template?: string;
  /** Tokens that a candidate may have. Default 512. */
  readonly maxKeyTokens?: number;
  /** Of the log-probabilities of an answer's tokens. Default `mean`, which does not favour short answers. */
  readonly reduce?: "mean" | "sum";
  /** Of several answers: which one is the score; the other stands beside it. Default `best`. */
  readonly answers?: "best" | "mean";
  /** Outputs that are sampled for `rank`. Default 10. */
  readonly samples?: number;
  /** Of the sampling. Default 0. */
  readonly seed?: number;
  readonly onNotice?: OnNotice;
}

/** Rows whose candidates are scored together. */
const batchSize = 16;
/** Of each row that a trial looks at. */
const trialCandidates = 4;

/**
 * A teacher by a model, which stays open.
 *
 * Opening it throws `unsupported` for a model that tells no likelihoods and for rows of tools, `invalid_argument` for a
 * task without a layout and for a template that is none. Scoring throws what the model throws, and `invalid_data` for
 * values that are no log-probabilities.
 */
export function languageModelTeacher(
  model: LanguageModel,
  options: LanguageModelTeacherOptions,
): OpenTeacher {
  return async (task) => {
    const { onNotice, template, maxKeyTokens = 512, samples = 10 } = options;
    checkCount("maxKeyTokens", maxKeyTokens);
    checkCount("samples", samples);
    const layout = layoutOf(task, template);
    const newWriter = (told?: OnNotice): PromptWriter =>
      createPromptWriter(model, { layout, task, maxKeyTokens, onNotice: told });
    const writer = newWriter(onNotice);
    const cache = await openScoreCache(options.cache, model.name);
    try {
      const { reward = "likelihood" } = options;
      const isExact = reward === "likelihood" || reward === "rank";
      const measure = isExact ? undefined : withoutLikelihood(model, reward);
      const scorer = createScorer(model, cache, writer.ruler, measure);
      tellBefore(model, task, writer, onNotice);
      const work = { model, cache, scorer, layout, task, options: { ...defaults, ...options } };
      return teacher(work, writer, newWriter);
    } catch (error) {
      await cache.close();
      throw error;
    }
  };
}

const defaults = {
  reward: "likelihood",
  maxKeyTokens: 512,
  reduce: "mean",
  answers: "best",
  samples: 10,
  seed: 0,
} as const;

interface Work {
  readonly model: LanguageModel;
  readonly cache: ScoreCache;
  readonly scorer: Scorer;
  readonly layout: Layout;
  readonly task: string;
  readonly options: LanguageModelTeacherOptions &
    Required<Omit<LanguageModelTeacherOptions, "template" | "onNotice">>;
}

function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new RetrieveError("invalid_argument", `${name}: got ${value}, wanted a whole number from 1`);
}

function layoutOf(task: string, template: string | undefined): Layout {
  if (task === "tool") {
    throw new RetrieveError(
      "unsupported",
      "rows of task tool have no reward: what a language model says does not tell which tool was right, and their labels do; the paper trains them by labels too; leave scoring out, or name another teacher",
    );
  }
  const layout = template === undefined ? taskLayout(task) : parseLayout(template);
  if (layout !== undefined) return layout;
  throw new RetrieveError(
    "invalid_argument",
    `task ${task} has no prompt layout; wanted ${layoutTasks.join(", ")}, or a template`,
  );
}

function tellBefore(
  model: LanguageModel,
  task: string,
  { ruler }: PromptWriter,
  onNotice: OnNotice | undefined,
): void {
  if (!ruler.exact) onNotice?.(`${model.name} counts no tokens: a token is taken for 3 characters`);
  if (task !== "convsearch") return;
  onNotice?.("the paper's recipe has no rewards for convsearch: by its authors, labels train better there");
}

function teacher(work: Work, writer: PromptWriter, newWriter: () => PromptWriter): Teacher {
  const { model, cache, scorer } = work;
  let bounded = 0;
  return {
    identity: identityOf(work),
    batchSize,
    score: async (rows, hooks) => {
      await cache.refresh();
      const plans = await mapConcurrently(rows, model.parallel, (row) => plan(work, writer, row, hooks));
      const asks = plans.flatMap((one, row) =>
        "leftOut" in one ? [] : one.asks.map((asked, at) => ({ ...asked, row, at })),
      );
      const scores: CachedScore[][][] = rows.map(() => []);
      await mapConcurrently(asks, model.parallel, async ({ row, at, ...asked }) => {
        hooks.signal?.throwIfAborted();
        const own = scores[row];
        if (own !== undefined) own[at] = await scorer.score(asked, hooks);
        hooks.onSpent?.({ candidates: isBase(work, at) ? 0 : 1 });
      });
      return plans.map((one, row) => {
        if ("leftOut" in one) return one;
        const own = scores[row] ?? [];
        if (withBounds(own, 2) > 0) return neitherWord;
        bounded += withBounds(own, 1);
        return verdict(work, one.answers, own);
      });
    },
    trial: async (rows, hooks) => {
      const plans = await mapConcurrently(rows, model.parallel, (row) => plan(work, newWriter(), row, hooks));
      const asks = plans.flatMap((one) => ("leftOut" in one ? [] : thin(work, one.asks)));
      const costs = await mapConcurrently(asks, model.parallel, (one) => scorer.cost(one));
      const unknown = asks.filter((one) => !scorer.knows(one));
      let evaluated = 0;
      const began = performance.now();
      await mapConcurrently(unknown, model.parallel, async (one) => {
        await scorer.scoreAhead(one, {
          ...hooks,
          onSpent: (spent) => {
            evaluated += spent.tokens ?? 0;
            hooks.onSpent?.(spent);
          },
        });
      });
      const seconds = (performance.now() - began) / 1000;
      return {
        candidates: asks.length,
        tokens: costs.reduce((sum, cost) => sum + cost, 0),
        evaluated,
        seconds,
      };
    },
    tell: (onNotice) => {
      writer.tell(onNotice);
      if (bounded > 0) {
        onNotice(
          `${bounded} scores are bounds: of yes and no, only one is among the model's likeliest tokens`,
        );
      }
    },
    close: () => cache.close(),
  };
}

function identityOf({ model, layout, options }: Work): Teacher["identity"] {
  const { reward, reduce, answers, maxKeyTokens, samples, seed } = options;
  return {
    name: reward,
    model: model.name,
    template: createHash("sha256").update(layout.template).digest("hex").slice(0, 12),
    reduce,
    answers,
    max_key_tokens: maxKeyTokens,
    ...(model.contextLength !== undefined && { window: model.contextLength }),
    ...(reward === "rank" && { reading: "ours", samples, seed }),
  };
}

/** What a row asks of the model; for `rank` the first prompt has no candidate. */
interface Plan {
  readonly answers: number;
  readonly asks: readonly Ask[];
}

function isBase({ options }: Work, at: number): boolean {
  return options.reward === "rank" && at === 0;
}

async function plan(
  work: Work,
  writer: PromptWriter,
  row: PlacedRow,
  hooks: TeacherHooks,
): Promise<Plan | { readonly leftOut: string }> {
  const { layout, model, options } = work;
  const answers = row.row.answers ?? [];
  if (answers.length === 0) return { leftOut: withoutAnswers };
  const expected = answers.map((answer) => layout.continuation(answer));
  const tooLong = { leftOut: `whose question and answer exceed the window of ${model.contextLength} tokens` };
  const base = options.reward === "rank" ? await writer.writeWithoutKey(row, expected) : "";
  if (base === undefined) return tooLong;
  const rivals = options.reward === "rank" ? await rivalsOf(work, writer, base, answers, hooks) : [];
  const continuations = [...expected, ...rivals];
  const prompts = await writer.write(row, continuations);
  if (prompts === undefined) return tooLong;
  const all = options.reward === "rank" ? [base, ...prompts] : prompts;
  return { answers: answers.length, asks: all.map((prompt) => ({ prompt, continuations })) };
}

/** As long as twice the longest answer, at least 16 tokens; one line, where all answers are. */
async function rivalsOf(
  { model, cache, options }: Work,
  { ruler }: PromptWriter,
  prompt: string,
  answers: readonly string[],
  hooks: TeacherHooks,
): Promise<string[]> {
  const lengths = await Promise.all(answers.map((answer) => ruler.count(answer)));
  const { samples: count, seed } = options;
  const stop = answers.some((answer) => answer.includes("\n")) ? [] : ["\n"];
  const maxTokens = Math.max(16, 2 * Math.max(...lengths));
  return await sampleOutputs(
    model,
    cache,
    prompt,
    { count, seed, maxTokens, stop, expected: answers },
    hooks,
  );
}

/** Some of the prompts with candidates, evenly spaced. */
function thin(work: Work, asks: readonly Ask[]): readonly Ask[] {
  const own = asks.filter((_, at) => !isBase(work, at));
  const step = Math.max(1, Math.ceil(own.length / trialCandidates));
  return own.filter((_, at) => at % step === 0);
}

/** With neither word among the likeliest tokens both have one bound, whose difference of 0 says nothing of the candidate. */
const neitherWord = { leftOut: "with a candidate to which the model says neither yes nor no" };

/** How many scores have `count` bounds. */
function withBounds(scores: readonly (readonly CachedScore[])[], count: number): number {
  return scores.flat().filter(({ bounds }) => bounds === count).length;
}

function verdict({ options }: Work, answers: number, scores: readonly (readonly CachedScore[])[]): Verdict {
  const values = scores.map((own) =>
    own.map(({ sum, tokens }) => (options.reduce === "sum" ? sum : sum / tokens)),
  );
  const rewards = options.reward === "rank" ? lifts(values, answers) : values;
  const best = rewards.map((own) => Math.max(...own));
  const mean = rewards.map((own) => own.reduce((sum, value) => sum + value, 0) / own.length);
  const [chosen, other] = options.answers === "best" ? [best, mean] : [mean, best];
  if (answers === 1) return { scores: chosen };
  return {
    scores: chosen,
    others: { [options.answers === "best" ? "teacher_scores_mean" : "teacher_scores_best"]: other },
  };
}

/** By how many ranks each candidate lifts each answer. */
function lifts([alone = [], ...after]: readonly (readonly number[])[], answers: number): number[][] {
  const ranks = (values: readonly number[]): number[] =>
    values.slice(0, answers).map((value) => rankOf(value, values.slice(answers)));
  const before = ranks(alone);
  return after.map((values) => ranks(values).map((rank, answer) => (before[answer] ?? rank) - rank));
}
