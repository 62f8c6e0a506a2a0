/** `retrieve eval report`: what benchmark runs came to, as a page. */

import type { Command } from "commander";
import type { DefineCommand } from "./command.ts";
import { collect, type GlobalOptions, option, wholeNumber } from "./options.ts";
import { print, printJson } from "./terminal.ts";

interface EvalReportFlags extends GlobalOptions {
  readonly out: string;
  readonly tinyModel?: readonly string[];
  readonly seed: number;
  readonly withoutTexts: boolean;
}

/** Adds `report` to the command `eval`. */
export const defineEvalReport: DefineCommand = (evaluation, { terminal }) => {
  evaluation
    .command("report")
    .description("one page about benchmark runs: tables, intervals, tests, charts, failures to read")
    .argument("<runs...>", "receipts (NAME.json, NAME.jsonl beside each), or folders of them")
    .addOption(
      option("--out <file>", "FILE.html; FILE.json and FILE.md are written beside it").makeOptionMandatory(),
    )
    .addOption(
      option("--tiny-model <llm>", "language model not to be judged by its numbers; repeatable").argParser(
        collect((text) => text),
      ),
    )
    .addOption(
      option("--without-texts", "no queries, no retrieved texts: a page that others may read").default(false),
    )
    .addOption(option("--seed <n>", "of intervals and tests").argParser(wholeNumber(0)).default(0))
    .addHelpText("after", "\nExample:\n  retrieve eval report ./runs --out report.html")
    .action(async (paths: readonly string[], _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<EvalReportFlags>();
      const { published, readRuns, writeReport } = await import("../eval/index.ts");
      const started = performance.now();
      const runs = await readRuns(paths);
      await writeReport(runs, flags.out, {
        ...{ published, seed: flags.seed, tinyModels: flags.tinyModel ?? [] },
        withoutTexts: flags.withoutTexts,
      });
      const report = { out: flags.out, runs: runs.length, seconds: (performance.now() - started) / 1000 };
      if (flags.json) printJson(terminal, report);
      else print(terminal, `${report.out}: ${report.runs} ${report.runs === 1 ? "run" : "runs"}`);
    });
};
