/** `retrieve eval`: benchmarks of retrieval. */

import { extname } from "node:path";
import type { Command } from "commander";
import type { Encoder } from "../encoder/index.ts";
import type { evaluateRetrieval, RetrievalReport, Run } from "../eval/index.ts";
import type { SearchMethod } from "../retrieve/index.ts";
import { cacheFolder } from "./cache-folder.ts";
import type { Context, DefineCommand } from "./command.ts";
import { defineBenchmarks } from "./eval-benchmark.ts";
import { assertFloors, type Floor, minOption } from "./eval-floor.ts";
import { defineEvalReport } from "./eval-report.ts";
import { defineToolsRun } from "./eval-tools-run.ts";
import { defineVerify } from "./eval-verify.ts";
import { table } from "./layout.ts";
import { choiceOf, collect, encoderSettings, type GlobalOptions, option, searchMethods } from "./options.ts";
import { showProgress } from "./progress.ts";
import { note, print, printJson, type Terminal } from "./terminal.ts";

const histories = ["last", "user", "all"] as const;

interface EvalFlags extends GlobalOptions {
  readonly task?: string;
  readonly split?: string;
  readonly method?: readonly SearchMethod[];
  readonly history?: (typeof histories)[number];
  readonly run?: string;
  readonly min?: readonly Floor[];
}

/** One evaluated system: its report, and its rankings where the benchmark has them. */
interface Evaluated {
  readonly report: RetrievalReport;
  readonly run?: Run;
}

type Evaluate = (encoder: Encoder, folder: string, flags: EvalFlags, shared: Shared) => Promise<Evaluated[]>;

type Shared = Pick<
  Parameters<typeof evaluateRetrieval>[0],
  "onProgress" | "onNotice" | "signal" | "cacheFolder"
> & {
  readonly methods: readonly SearchMethod[];
};

export const defineEval: DefineCommand = (program, context) => {
  const evaluation = program
    .command("eval")
    .description("measure retrieval, and what it does for a language model")
    .addHelpText("after", "\nExample:\n  retrieve eval retrieval ./scifact --method bm25 --method hybrid");
  benchmark(evaluation, "retrieval", "a folder in the BEIR layout: corpus, queries, qrels")
    .addOption(
      option("--history <turns>", `turns of a chat that make the query: ${histories.join(", ")}`).argParser(
        choiceOf(histories),
      ),
    )
    .addOption(option("--run <file>", "write the rankings as a TREC run"))
    .addHelpText("after", "\nExample:\n  retrieve eval retrieval ./scifact --split test --min nDCG@10=0.6")
    .action(measuring(context, onRetrieval));
  defineBenchmarks(evaluation, context);
  defineToolsRun(evaluation, context);
  defineVerify(evaluation, context);
  defineEvalReport(evaluation, context);
};

function benchmark(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .argument("<dir>", "folder of the benchmark")
    .addOption(option("--task <task>", "instruction pair of both sides"))
    .addOption(option("--split <split>", "default test where there is one, else dev"))
    .addOption(
      option("--method <method>", `${searchMethods.join(", ")}; repeatable`).argParser(
        collect(choiceOf(searchMethods)),
      ),
    )
    .addOption(minOption());
}

const onRetrieval: Evaluate = async (encoder, folder, { task, split, history }, shared) => {
  const { evaluateRetrieval } = await import("../eval/index.ts");
  return await evaluateRetrieval({
    folder,
    encoder,
    ...shared,
    ...(task !== undefined && { task }),
    ...(split !== undefined && { split }),
    ...(history !== undefined && { history }),
  });
};

function measuring(
  context: Context,
  evaluate: Evaluate,
): (folder: string, flags: unknown, command: Command) => Promise<void> {
  return async (folder, _flags, command) => {
    const flags = command.optsWithGlobals<EvalFlags>();
    const models = flags.model ?? ["mini"];
    const evaluated: Evaluated[] = [];
    for (const model of models) evaluated.push(...(await measure(context, flags, model, folder, evaluate)));
    const reports = evaluated.map(({ report }) => report);
    if (flags.json) printJson(context.terminal, reports.length === 1 ? reports[0] : reports);
    else showReports(context.terminal, reports);
    if (flags.run !== undefined) await writeRuns(flags.run, evaluated);
    assertFloors(reports, flags.min ?? []);
  };
}

async function measure(
  { terminal, signal }: Context,
  flags: EvalFlags,
  model: string,
  folder: string,
  evaluate: Evaluate,
): Promise<Evaluated[]> {
  const progress = showProgress(terminal, flags, `evaluating ${model}`);
  const onNotice = (message: string): void => note(terminal, flags, message);
  const { openEncoder } = await import("../encoder/index.ts");
  const encoder = await openEncoder(model, { ...encoderSettings(flags), signal, onNotice });
  try {
    return await evaluate(encoder, folder, flags, {
      methods: flags.method ?? ["hybrid"],
      cacheFolder: cacheFolder("vectors"),
      onProgress: progress.report,
      onNotice,
      signal,
    });
  } finally {
    progress.stop();
    await encoder.close();
  }
}

function showReports(terminal: Terminal, reports: readonly RetrievalReport[]): void {
  const names = [...new Set(reports.flatMap(({ metrics }) => Object.keys(metrics)))];
  const shown = names.filter((name) => /@(5|10)$|^MAP$/.test(name)).slice(0, 5);
  const rows = reports.map(({ model, method, metrics, queries, corpus, seconds }) => [
    model ?? "-",
    method,
    ...shown.map((name) => metrics[name]?.toFixed(4) ?? ""),
    String(queries),
    String(corpus),
    seconds.toFixed(1),
  ]);
  for (const line of table([["model", "method", ...shown, "queries", "corpus", "s"], ...rows])) {
    print(terminal, line);
  }
}

/** One system writes FILE itself; of several, each writes its own with model and method before the ending. */
async function writeRuns(file: string, evaluated: readonly Evaluated[]): Promise<void> {
  const { writeRun } = await import("../eval/index.ts");
  for (const { report, run } of evaluated) {
    if (run === undefined) continue;
    const tag = report.model === null ? report.method : `${report.model}.${report.method}`;
    const ending = extname(file);
    const own = `${file.slice(0, file.length - ending.length)}.${tag.replaceAll(/[^\w.-]/g, "_")}${ending}`;
    await writeRun(evaluated.length === 1 ? file : own, run, tag.replaceAll(/\s/g, "_"));
  }
}
