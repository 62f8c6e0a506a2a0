/** `retrieve train`: an encoder made better from rows. */

import { join } from "node:path";
import { type Command, InvalidArgumentError, type Option } from "commander";
import type { EvaluationSource } from "../eval/index.ts";
import { RetrieveError } from "../std/index.ts";
import type { Evaluation, RunConfig, TrainHooks, TrainReport } from "../train/index.ts";
import type { Context, DefineCommand } from "./command.ts";
import { readConfigFile } from "./config-file.ts";
import { cut, printable, table } from "./layout.ts";
import { atLeast, choiceOf, collect, type GlobalOptions, option, wholeNumber } from "./options.ts";
import { createPace } from "./pace.ts";
import { type StagesDisplay, showStages } from "./progress.ts";
import { columns, note, print, printJson, type Terminal } from "./terminal.ts";
import { showPlan } from "./training-plan.ts";

interface TrainFlags extends GlobalOptions {
  readonly config?: string;
  readonly eval?: readonly EvaluationSource[];
  readonly evalQueries: number;
  readonly resume: boolean;
  readonly dryRun: boolean;
}

const help = `
Rows are JSON Lines: query, pos, neg, task, teacher_scores; retrieve convert and
retrieve mine make them. --config may hold every setting by the name that it has
in the library (data, base, steps, batchSize, tasks, lora); flags win over it.
--eval takes a BEIR folder, one with conversations.jsonl, or a file of rows; the
best checkpoint by --metric becomes the model. The page about the run is
OUT/training/report.html. Devices other than cpu were not run on hardware.

Example:
  retrieve train --data rows/qa.jsonl rows/tool.jsonl --out my-encoder \\
    --steps 500 --eval ./scifact --eval tool=./toolset`;

export const defineTrain: DefineCommand = (program, context) => {
  const command = program
    .command("train")
    .description("train an encoder on rows; writes a model folder with a report")
    .addOption(option("--config <file>", "settings as .json or .yaml"));
  const settings = settingOptions();
  for (const setting of settings) command.addOption(setting);
  command
    .addOption(
      option("--eval <[task=]source>", "measured at each checkpoint; repeatable").argParser(
        collect(parseSource),
      ),
    )
    .addOption(option("--eval-queries <n>", "at most, of each source").argParser(wholeNumber(1)).default(500))
    .addOption(option("--resume", "go on from the newest checkpoint in --out").default(false))
    .addOption(option("--dry-run", "tell what would be trained, for how long").default(false))
    .addHelpText("after", help)
    .action(async (_flags: unknown, given: Command) => {
      const flags = given.optsWithGlobals<TrainFlags>();
      const config = await resolveSettings(flags, settings);
      if (flags.dryRun) return await plan(context, flags, config);
      const report = await train(context, flags, config);
      if (flags.json) printJson(context.terminal, report);
      else showReport(context.terminal, report);
    });
};

/** Flags that are settings: each has the name of its setting in the library, spelled with dashes. */
function settingOptions(): Option[] {
  const count = wholeNumber(1);
  return [
    // RETRIEVE_DATA names the folder of data sets that the recipes read.
    option("--data <rows...>", "files of training rows; repeatable").env("RETRIEVE_TRAIN_DATA"),
    option("--base <model>", "encoder to begin with; default --model, else mini"),
    option("--out <dir>", "new folder of the model"),
    option("--steps <n>", "optimizer updates; default 1000").argParser(count),
    option("--batch-size <n>", "queries an update; default 32").argParser(count),
    option("--group-size <n>", "texts a query, one positive; default 4").argParser(count),
    option("--learning-rate <x>", "at its highest; default 5e-5, for a linear query side 1e-3").argParser(
      atLeast(0),
    ),
    option("--warmup <share>", "of the steps; default 0.1").argParser(atLeast(0)),
    option("--temperature <x>", "divides similarities; default 0.05").argParser(atLeast(0)),
    option("--dropout <x>", "share of values dropped; default 0").argParser(atLeast(0)),
    option("--settings <set>", "losses by task: paper (default), reference, contrastive").argParser(
      choiceOf(["paper", "reference", "contrastive"]),
    ),
    option("--batches <method>", "epoch (default), epoch-static, epoch-random, random, off").argParser(
      choiceOf(["epoch", "epoch-static", "epoch-random", "random", "off"]),
    ),
    option("--instructions <set>", "default the base's own, else llm-embedder"),
    option("--train <what>", "encoder (default), or query: documents keep their vectors").argParser(
      choiceOf(["encoder", "query"]),
    ),
    option("--save-steps <n>", "between checkpoints; 0 the last alone; default 100").argParser(
      wholeNumber(0),
    ),
    option("--metric <name>", "chooses the best checkpoint; default nDCG@10"),
    option("--patience <n>", "evaluations without a better one; default 0, any").argParser(wholeNumber(0)),
    option("--seed <n>", "of all random choices; default 42").argParser(wholeNumber(0)),
    option("--device <name>", "cpu (default), webgpu, cuda, coreml"),
  ];
}

/** The settings of file and flags, checked. Throws `usage` for what a run cannot be without. */
async function resolveSettings(flags: TrainFlags, settings: readonly Option[]): Promise<RunConfig> {
  const file = flags.config === undefined ? {} : await readConfigFile(flags.config);
  const values: Readonly<Record<string, unknown>> = { ...flags };
  const names = settings.map((setting) => setting.attributeName());
  const given = names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]] as const]));
  const base = flags.model?.at(-1) ?? "mini";
  const config = { base, ...(flags.dryRun && { out: "." }), ...file, ...Object.fromEntries(given) };
  for (const [name, wanted] of [
    ["data", "ROWS"],
    ["out", "DIR"],
  ] as const) {
    if (!(name in config)) {
      throw new RetrieveError(
        "usage",
        `--${name} ${wanted} is missing; name it, or ${name} in a --config file`,
      );
    }
  }
  const { resolveConfig } = await import("../train/index.ts");
  return resolveConfig(config, flags.config === undefined ? "training" : `${flags.config} and flags`);
}

async function plan({ terminal, signal }: Context, flags: TrainFlags, config: RunConfig): Promise<void> {
  const stages = showStages(terminal, flags);
  const { planTraining } = await import("../train/index.ts");
  const planned = await planTraining(config, {
    offline: flags.offline,
    onNotice: (message) => note(terminal, flags, message),
    onProgress: stages.stage("reading rows"),
    signal,
  }).finally(stages.stop);
  if (flags.json) printJson(terminal, planned);
  else showPlan(terminal, planned);
}

async function train(context: Context, flags: TrainFlags, config: RunConfig): Promise<TrainReport> {
  const { terminal, signal } = context;
  const stages = showStages(terminal, flags);
  try {
    const { train: run } = await import("../train/index.ts");
    return await run(config, await hooksOf(context, flags, config, stages));
  } catch (error) {
    if (!signal.aborted || RetrieveError.isInstance(error)) throw error;
    throw new RetrieveError(
      "interrupted",
      `${config.out}: interrupted; the steps so far are kept, run the same with --resume to go on`,
      { cause: error },
    );
  } finally {
    stages.stop();
  }
}

async function hooksOf(
  { terminal, signal }: Context,
  flags: TrainFlags,
  config: RunConfig,
  stages: StagesDisplay,
): Promise<TrainHooks> {
  const onNotice = (message: string): void => note(terminal, flags, message);
  const training = stages.stage("training");
  const pace = createPace();
  return {
    ...(flags.eval !== undefined && {
      evaluate: await openEvaluation(flags, config, stages, { onNotice, signal }),
    }),
    onStep: (entry, total) =>
      training({ done: entry.step, total, unit: "steps", detail: pace(entry, total) }),
    onEvaluation: (evaluation) => onNotice(evaluationLine(evaluation)),
    resume: flags.resume,
    offline: flags.offline,
    onNotice,
    onProgress: stages.stage("reading rows"),
    signal,
  };
}

async function openEvaluation(
  { eval: sources = [], evalQueries }: TrainFlags,
  { metric }: RunConfig,
  stages: StagesDisplay,
  told: { readonly onNotice: (message: string) => void; readonly signal: AbortSignal },
): Promise<NonNullable<TrainHooks["evaluate"]>> {
  const { openEvaluator } = await import("../eval/index.ts");
  return await openEvaluator(sources, {
    maxQueries: evalQueries,
    metric,
    onProgress: stages.stage("evaluating"),
    ...told,
  });
}

function evaluationLine({ step, metrics }: Evaluation): string {
  const values = Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(4)}`);
  return `step ${step}: ${values.join(", ")}`;
}

function showReport(terminal: Terminal, { steps, loss, metrics, seconds, out }: TrainReport): void {
  const width = columns(terminal);
  const counted = `${steps} steps, loss ${loss.toPrecision(4)}, in ${seconds.toFixed(1)} s`;
  print(terminal, cut(`${printable(out)}: ${counted}`, width));
  const rows = Object.entries(metrics ?? {}).map(([name, value]) => [name, value.toFixed(4)]);
  if (rows.length > 0) for (const line of table([["metric", "value"], ...rows])) print(terminal, line);
  print(terminal, cut(`how it went: ${printable(join(out, "training", "report.html"))}`, width));
}

function parseSource(text: string): EvaluationSource {
  const [, task, path = text] = /^([a-z][\w-]*)=(.+)$/i.exec(text) ?? [];
  if (path === "") throw new InvalidArgumentError("wanted a folder or file, or TASK=FOLDER.");
  return { path, ...(task !== undefined && { task }) };
}
