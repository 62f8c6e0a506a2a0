/** `retrieve adapt`: an encoder made better from somebody's own material, or refused. */

import { type Command, InvalidArgumentError } from "commander";
import type { AdaptConfig, AdaptHooks, AdaptReport, AdaptSource, StageName } from "../adapt/index.ts";
import { RetrieveError } from "../std/index.ts";
import { cacheFolder } from "./cache-folder.ts";
import type { Context, DefineCommand } from "./command.ts";
import { readConfigFile } from "./config-file.ts";
import { type LanguageModelFlags, languageModelOptions, openModelAt, rewards } from "./language-model.ts";
import { cut, printable, table } from "./layout.ts";
import { atLeast, choiceOf, collect, type GlobalOptions, option, wholeNumber } from "./options.ts";
import { createPace } from "./pace.ts";
import { type StagesDisplay, showStages } from "./progress.ts";
import { columns, note, print, printJson, type Terminal } from "./terminal.ts";

interface AdaptFlags extends GlobalOptions, LanguageModelFlags {
  readonly out: string;
  readonly llm?: string;
  readonly reward: (typeof rewards)[number];
  readonly base?: string;
  readonly guard?: readonly AdaptSource[];
  readonly margin: number;
  readonly seed: number;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly train?: "encoder" | "query";
  readonly config?: string;
  readonly cache: string;
  readonly resume: boolean;
  readonly requireAccept: boolean;
}

const help = `
Sources: files of rows {query, pos}, BEIR folders, folders or files of
conversations, examples {input, output}, documents. TASK=SOURCE names the task.
Rows without labels need --llm, which judges what helps it.

A fifth of the queries is held out. The candidate becomes the model in --out
only if it is significantly better on a task, and on no task and no guard worse
by more than --margin. Either way OUT/adapt/report.html is the page about it.
A killed run goes on when the same command runs again with --resume.

Example:
  retrieve adapt ./handbook chats.jsonl --llm llama:model.gguf --out my-encoder`;

export const defineAdapt: DefineCommand = (program, context) => {
  const count = wholeNumber(1);
  const command = program
    .command("adapt")
    .description("adapt an encoder to your own material, with a gate")
    .argument("<sources...>", "what to learn from: SOURCE or TASK=SOURCE")
    .addOption(option("--out <dir>", "new folder of the model").makeOptionMandatory())
    .addOption(option("--llm <uri>", "language model: llama:PATH.gguf, openai:MODEL@URL"))
    .addOption(
      option("--reward <which>", `by it: ${rewards.join(", ")}`)
        .argParser(choiceOf(rewards))
        .default("likelihood"),
    )
    .addOption(option("--base <model>", "encoder to begin with; default --model, else mini"))
    .addOption(
      option("--guard <[task=]dir>", "must not get worse; repeatable; default the samples").argParser(
        collect(parseSource),
      ),
    )
    .addOption(option("--margin <x>", "fall of nDCG@10 that is borne").argParser(atLeast(0)).default(0.01))
    .addOption(option("--seed <n>", "of all random choices").argParser(wholeNumber(0)).default(42))
    .addOption(option("--steps <n>", "optimizer updates; default three passes, 50 to 1000").argParser(count))
    .addOption(option("--batch-size <n>", "queries an update; default 32").argParser(count))
    .addOption(option("--learning-rate <x>", "at its highest; default that of train").argParser(atLeast(0)))
    .addOption(
      option("--train <what>", "encoder (default), or query: documents keep their vectors").argParser(
        choiceOf(["encoder", "query"]),
      ),
    )
    .addOption(option("--config <file>", "settings of training as .json or .yaml; flags win"))
    .addOption(
      option("--cache <dir>", "what language models were asked before").default(
        cacheFolder("scores"),
        "~/.cache/retrieve-anything/scores",
      ),
    )
    .addOption(option("--resume", "go on with what is in --out").default(false))
    .addOption(option("--require-accept", "exit 1 where the candidate is refused").default(false));
  for (const shared of languageModelOptions()) command.addOption(shared);
  command.addHelpText("after", help).action(async (sources: string[], _flags: unknown, given: Command) => {
    const flags = given.optsWithGlobals<AdaptFlags>();
    const report = await run(context, flags, sources.map(parseSource));
    const { accepted, metrics, reasons } = report;
    if (flags.json) printJson(context.terminal, { accepted, metrics, report: report.report });
    else showReport(context.terminal, flags, report);
    if (accepted) return;
    const sentence = `${flags.out}: refused, there is no new model: ${reasons.join("; ")}`;
    if (flags.requireAccept) throw new RetrieveError("invalid_data", sentence);
    note(context.terminal, flags, sentence);
  });
};

async function run(
  context: Context,
  flags: AdaptFlags,
  sources: readonly AdaptSource[],
): Promise<AdaptReport> {
  const stages = showStages(context.terminal, flags);
  try {
    const { adapt } = await import("../adapt/index.ts");
    return await adapt(await configOf(flags, sources), hooksOf(context, flags, stages));
  } catch (error) {
    if (!context.signal.aborted || RetrieveError.isInstance(error)) throw error;
    throw new RetrieveError(
      "interrupted",
      `${flags.out}: interrupted; what is done is kept, run the same with --resume to go on`,
      { cause: error },
    );
  } finally {
    stages.stop();
  }
}

async function configOf(flags: AdaptFlags, sources: readonly AdaptSource[]): Promise<AdaptConfig> {
  const { out, llm, reward, guard, margin, seed, steps, batchSize, learningRate, train } = flags;
  const file = flags.config === undefined ? {} : await readConfigFile(flags.config);
  const training = {
    ...file,
    ...(steps !== undefined && { steps }),
    ...(batchSize !== undefined && { batchSize }),
    ...(learningRate !== undefined && { learningRate }),
    ...(train !== undefined && { train }),
  };
  return {
    ...{ sources, out, reward, margin, seed, training },
    base: flags.base ?? flags.model?.at(-1) ?? "mini",
    ...(llm !== undefined && { llm }),
    ...(guard !== undefined && { guards: guard }),
  };
}

/** What a person sees of each stage. */
const labels: Readonly<Record<StageName, string>> = {
  convert: "converting",
  split: "holding out",
  mine: "mining",
  score: "scoring",
  train: "training",
  evaluate: "evaluating",
  decide: "deciding",
  report: "reporting",
};

function hooksOf(context: Context, flags: AdaptFlags, stages: StagesDisplay): AdaptHooks {
  const { terminal, signal } = context;
  const pace = createPace();
  return {
    resume: flags.resume,
    offline: flags.offline,
    openLanguageModel: (uri) => openModelAt(context, flags, uri),
    scoreCache: flags.cache,
    onStage: (stage, state) => {
      if (!flags.json)
        note(terminal, flags, state === "begins" ? labels[stage] : `${labels[stage]}: done before`);
    },
    onProgress: (stage, progress) => stages.stage(labels[stage])(progress),
    onStep: (entry, total) =>
      stages.stage(labels.train)({ done: entry.step, total, unit: "steps", detail: pace(entry, total) }),
    onNotice: (message) => note(terminal, flags, message),
    signal,
  };
}

function showReport(
  terminal: Terminal,
  { out }: AdaptFlags,
  { accepted, metrics, report, reasons }: AdaptReport,
): void {
  const width = columns(terminal);
  const body = Object.entries(metrics).map(([name, row]) => [
    cut(printable(name), 20),
    row.kind,
    String(row.queries),
    ...[row.before, row.after, row.correctedP].map((value) => value.toFixed(4)),
    row.verdict,
  ]);
  for (const line of table([["nDCG@10 on", "", "queries", "start", "new", "p", "verdict"], ...body])) {
    print(terminal, cut(line, width));
  }
  print(
    terminal,
    accepted ? `accepted: ${printable(out)} is the new model` : "refused: there is no new model",
  );
  for (const reason of reasons) print(terminal, printable(reason));
  print(terminal, cut(`how it went: ${printable(report)}`, width));
}

function parseSource(text: string): AdaptSource {
  const [, task, path = text] = /^([a-z][\w-]*)=(.+)$/i.exec(text) ?? [];
  if (path === "") throw new InvalidArgumentError("wanted a folder or file, or TASK=SOURCE.");
  return { path, ...(task !== undefined && { task }) };
}
