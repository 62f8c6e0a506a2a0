/** `retrieve score`: rewards for the candidates of training rows. */

import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import type { OpenTeacher, ScoreEstimate, ScoreOptions, ScoreReport, Shard } from "../dataset/index.ts";
import { RetrieveError, readText } from "../std/index.ts";
import { cacheFolder } from "./cache-folder.ts";
import type { Context, DefineCommand } from "./command.ts";
import { type LanguageModelFlags, languageModelOptions, openModelAt, rewards } from "./language-model.ts";
import { choiceOf, encoderSettings, type GlobalOptions, option, wholeNumber } from "./options.ts";
import { showProgress } from "./progress.ts";
import { createScorePace } from "./score-pace.ts";
import { note, print, printJson } from "./terminal.ts";

const teachers = ["contains", "same-label", "encoder", "scores"] as const;
const reductions = ["mean", "sum"] as const;
const manyAnswers = ["best", "mean"] as const;

interface ScoreFlags extends GlobalOptions, LanguageModelFlags {
  readonly out?: string;
  readonly llm?: string;
  readonly reward: (typeof rewards)[number];
  readonly teacher?: (typeof teachers)[number];
  readonly teacherName?: string;
  readonly scores?: string;
  readonly task?: string;
  readonly template?: string;
  readonly maxKeyTokens: number;
  readonly reduce: (typeof reductions)[number];
  readonly answers: (typeof manyAnswers)[number];
  readonly samples: number;
  readonly seed: number;
  readonly cache: string;
  readonly shard?: Shard;
  readonly dryRun: boolean;
}

const help = `
Rewards:
  likelihood     of the answers, as in the paper
  rank           among outputs of the model (our reading of a later version)
  yes-no         log-odds that it says yes; for models without likelihoods
  generation-em  exact match of what it writes; generation-f1: F1 of its words

Teachers that need no language model:
  contains    1 where a candidate holds an answer (qa)
  same-label  1 where an example has the expected output (icl)
  encoder     cosine by --model
  scores      what --scores says, {query_id, text, score} a line

A killed run goes on where it was when the same command runs again. Shards are
joined by cat in the order of their numbers.

Examples:
  retrieve score rows.jsonl --llm llama:model.gguf --out scored.jsonl
  retrieve score rows.jsonl --teacher contains --out scored.jsonl
  retrieve score rows.jsonl --llm openai:M@http://host:8000/v1 --out 3.jsonl \\
    --shard 3/8`;

export const defineScore: DefineCommand = (program, context) => {
  const command = program
    .command("score")
    .description("give the candidates of training rows their rewards")
    .argument("<rows>", "training rows (JSON Lines)")
    .addOption(option("--out <file>", "the rows with their scores"))
    .addOption(option("--llm <uri>", "language model: llama:PATH.gguf, openai:MODEL@URL"))
    .addOption(
      option("--reward <which>", "by it: likelihood, rank, or one of those below")
        .argParser(choiceOf(rewards))
        .default("likelihood"),
    )
    .addOption(
      option("--teacher <which>", `instead of it: ${teachers.join(", ")}`).argParser(choiceOf(teachers)),
    )
    .addOption(option("--scores <file>", "scores that something else made"))
    .addOption(option("--teacher-name <name>", "what made them"))
    .addOption(option("--task <task>", "prompt layout; default the task of the rows"))
    .addOption(option("--template <file|text>", "own layout, such as '{key}\\n{query} {answer}'"))
    .addOption(
      option("--max-key-tokens <n>", "that a candidate may have").argParser(wholeNumber(1)).default(512),
    )
    .addOption(
      option("--reduce <how>", `log-probabilities of an answer: ${reductions.join(", ")}`)
        .argParser(choiceOf(reductions))
        .default("mean"),
    )
    .addOption(
      option("--answers <how>", `several answers: ${manyAnswers.join(", ")}`)
        .argParser(choiceOf(manyAnswers))
        .default("best"),
    )
    .addOption(option("--samples <n>", "outputs to rank among").argParser(wholeNumber(1)).default(10))
    .addOption(option("--seed <n>", "of these outputs").argParser(wholeNumber(0)).default(0))
    .addOption(
      option("--cache <dir>", "what models were asked before").default(
        cacheFolder("scores"),
        "~/.cache/retrieve-anything/scores",
      ),
    )
    .addOption(option("--shard <i/n>", "part i, from 0, of n").argParser(parseShard))
    .addOption(option("--dry-run", "tell rows, tokens and time, score only a few").default(false));
  for (const shared of languageModelOptions()) command.addOption(shared);
  command.addHelpText("after", help).action(async (rows: string, _flags: unknown, own: Command) => {
    const flags = own.optsWithGlobals<ScoreFlags>();
    await withTeacher(context, flags, (teacher) => score(context, flags, { rows, teacher }));
  });
};

function parseShard(text: string): Shard {
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (index !== undefined && Number(index) < Number(of)) return { index: Number(index), of: Number(of) };
  throw new InvalidArgumentError("wanted i/n with i from 0 to n - 1, such as 0/4.");
}

async function score(
  { terminal, signal }: Context,
  flags: ScoreFlags,
  given: Pick<ScoreOptions, "rows" | "teacher">,
): Promise<void> {
  const { task, shard, out, dryRun, json } = flags;
  const { estimateScoring, scoreRows, costSentence } = await import("../dataset/index.ts");
  const pace = createScorePace();
  const progress = showProgress(terminal, flags, "scoring");
  const options: ScoreOptions = {
    ...given,
    ...(task !== undefined && { task }),
    ...(shard !== undefined && { shard }),
    onNotice: (message) => note(terminal, flags, message),
    onProgress: (done) => progress.report({ ...done, unit: "candidates", detail: pace(done) }),
    signal,
  };
  try {
    if (dryRun) {
      const cost: ScoreEstimate = await estimateScoring(options);
      if (json) printJson(terminal, cost);
      else print(terminal, costSentence(cost));
      return;
    }
    if (out === undefined) throw usage("no --out; wanted the file that gets the scored rows");
    const report = await scoreRows({ ...options, out });
    progress.stop();
    if (json) printJson(terminal, report);
    else print(terminal, sentence(out, report));
  } finally {
    progress.stop();
  }
}

function sentence(out: string, { rows, scored, cached, tokens, seconds }: ScoreReport): string {
  const spent = tokens === 0 ? "" : `, ${tokens} tokens`;
  return `${out}: ${rows} rows, ${scored} scored, ${cached} cached${spent} in ${seconds.toFixed(1)} s`;
}

function usage(message: string): RetrieveError {
  return new RetrieveError("usage", message);
}

/** Runs `work` with the teacher that the flags name; what it is made of is closed afterwards. */
async function withTeacher(
  context: Context,
  flags: ScoreFlags,
  work: (teacher: OpenTeacher) => Promise<void>,
): Promise<void> {
  const { llm, teacher } = flags;
  if ((llm === undefined) === (teacher === undefined)) {
    const got = llm === undefined ? "neither --llm nor --teacher" : "both --llm and --teacher";
    throw usage(`got ${got}; wanted one of them: who gives the rewards`);
  }
  if (llm !== undefined) await withLanguageModel(context, flags, llm, work);
  else if (teacher === "encoder") await withEncoder(context, flags, work);
  else await work(await plainTeacher(flags));
}

async function plainTeacher({ teacher, scores, teacherName }: ScoreFlags): Promise<OpenTeacher> {
  const { containment, externalScores, sameLabel } = await import("../dataset/index.ts");
  if (teacher === "contains") return containment;
  if (teacher === "same-label") return sameLabel;
  if (scores === undefined || teacherName === undefined) {
    throw usage("--teacher scores: wanted the file by --scores and what made it by --teacher-name");
  }
  return externalScores(scores, teacherName);
}

async function withEncoder(
  { terminal, signal }: Context,
  flags: ScoreFlags,
  work: (teacher: OpenTeacher) => Promise<void>,
): Promise<void> {
  const { openEncoder } = await import("../encoder/index.ts");
  const { similarity } = await import("../dataset/index.ts");
  await using encoder = await openEncoder(flags.model?.at(-1) ?? "mini", {
    ...encoderSettings(flags),
    signal,
    onNotice: (message) => note(terminal, flags, message),
  });
  await work(similarity(encoder));
}

async function withLanguageModel(
  context: Context,
  flags: ScoreFlags,
  uri: string,
  work: (teacher: OpenTeacher) => Promise<void>,
): Promise<void> {
  const { cache, reward, maxKeyTokens, reduce, answers, samples, seed } = flags;
  const template = await templateOf(flags.template);
  const { languageModelTeacher, parseLayout } = await import("../dataset/index.ts");
  if (template !== undefined) parseLayout(template); // before a model is loaded for it
  const model = await openModelAt(context, flags, uri);
  try {
    const teacher = languageModelTeacher(model, {
      ...{ cache, reward, maxKeyTokens, reduce, answers, samples, seed },
      ...(template !== undefined && { template }),
      onNotice: (message) => note(context.terminal, flags, message),
    });
    await work(teacher);
  } finally {
    await model.close();
  }
}

/** A file that is there, without the line break at its end; else the text, in which `\n` is a line break. */
async function templateOf(given: string | undefined): Promise<string | undefined> {
  if (given === undefined) return undefined;
  if (!given.includes("{answer}") || existsSync(given)) return (await readText(given)).replace(/\r?\n$/, "");
  return given.replaceAll("\\n", "\n");
}
