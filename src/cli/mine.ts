/** `retrieve mine`: hard negatives for training rows. */

import type { Command } from "commander";
import type { MineReport, MiningMethod } from "../dataset/index.ts";
import type { Encoder } from "../encoder/index.ts";
import type { Context, DefineCommand } from "./command.ts";
import { atLeast, choiceOf, type GlobalOptions, option, searchMethods, wholeNumber } from "./options.ts";
import { showProgress } from "./progress.ts";
import { note, print, printJson } from "./terminal.ts";

const methods: readonly MiningMethod[] = [...searchMethods, "random"];
const picks = ["first", "random"] as const;

interface MineFlags extends GlobalOptions {
  readonly corpus: string;
  readonly out: string;
  readonly method: MiningMethod;
  readonly task?: string;
  readonly topK: number;
  readonly skip: number;
  readonly negatives: number;
  readonly pick: (typeof picks)[number];
  readonly margin?: number;
  readonly share?: number;
  readonly filterAnswers: boolean;
  readonly qrels?: string;
  readonly replace: boolean;
  readonly seed: number;
}

const help = `
A killed run goes on where it was when the same command runs again.

Example:
  retrieve mine rows.jsonl --corpus corpus.jsonl --out hard.jsonl --share 0.95`;

export const defineMine: DefineCommand = (program, context) => {
  program
    .command("mine")
    .description("add hard negatives from a corpus to training rows")
    .argument("<rows>", "training rows (JSON Lines)")
    .addOption(option("--corpus <file>", "documents: {_id|id?, title?, text} a line").makeOptionMandatory())
    .addOption(option("--out <file>", "the rows with their negatives").makeOptionMandatory())
    .addOption(option("--method <method>", methods.join(", ")).argParser(choiceOf(methods)).default("hybrid"))
    .addOption(option("--task <task>", "instruction pair; default the task of the rows"))
    .addOption(option("--top-k <n>", "depth of the ranking").argParser(wholeNumber(1)).default(200))
    .addOption(option("--skip <n>", "pass over the nearest").argParser(wholeNumber(0)).default(0))
    .addOption(option("--negatives <n>", "new ones a row").argParser(wholeNumber(1)).default(15))
    .addOption(
      option("--pick <which>", `of the window: ${picks.join(", ")}`)
        .argParser(choiceOf(picks))
        .default("first"),
    )
    .addOption(option("--margin <x>", "below the positive's score by more than x").argParser(atLeast(0)))
    .addOption(option("--share <x>", "below this share of the positive's score").argParser(atLeast(0)))
    .addOption(option("--filter-answers", "leave out texts that hold an answer").default(false))
    .addOption(option("--qrels <file>", "judged documents that are no negatives of a query_id"))
    .addOption(option("--replace", "drop the negatives that are there").default(false))
    .addOption(option("--seed <n>", "of random choices").argParser(wholeNumber(0)).default(0))
    .addHelpText("after", help)
    .action(async (rows: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<MineFlags>();
      const report = await mine(context, flags, rows);
      if (flags.json) printJson(context.terminal, report);
      else print(context.terminal, sentence(flags.out, report));
    });
};

async function mine(context: Context, flags: MineFlags, rows: string): Promise<MineReport> {
  const { terminal, signal } = context;
  const { corpus, out, method, topK, skip, negatives, pick, filterAnswers, replace, seed } = flags;
  const { task, margin, share, qrels } = flags;
  const progress = showProgress(terminal, flags, "mining");
  const { mineNegatives } = await import("../dataset/index.ts");
  const encoder = method === "bm25" || method === "random" ? undefined : await openModel(context, flags);
  try {
    return await mineNegatives({
      ...{ rows, corpus, out, method, topK, skip, negatives, pick, filterAnswers, replace, seed },
      ...(encoder !== undefined && { encoder }),
      ...(task !== undefined && { task }),
      ...(margin !== undefined && { margin }),
      ...(share !== undefined && { share }),
      ...(qrels !== undefined && { qrels }),
      onNotice: (message) => note(terminal, flags, message),
      onProgress: progress.report,
      signal,
    });
  } finally {
    progress.stop();
    await encoder?.close();
  }
}

async function openModel({ terminal, signal }: Context, flags: MineFlags): Promise<Encoder> {
  const { openEncoder } = await import("../encoder/index.ts");
  return await openEncoder(flags.model?.at(-1) ?? "mini", {
    offline: flags.offline,
    signal,
    onNotice: (message) => note(terminal, flags, message),
  });
}

function sentence(out: string, { rows, negatives, seconds }: MineReport): string {
  const each = (negatives / rows).toFixed(1);
  return `${out}: ${rows} rows with ${negatives} negatives (${each} a row) in ${seconds.toFixed(1)} s`;
}
