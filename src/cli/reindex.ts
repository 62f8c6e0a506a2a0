/** `retrieve reindex`: the same records under another encoder. */

import type { Command } from "commander";
import type { DefineCommand } from "./command.ts";
import { type GlobalOptions, waitOption } from "./options.ts";
import { showProgress } from "./progress.ts";
import { print, printJson } from "./terminal.ts";
import { withPresentIndex } from "./with-index.ts";

export const defineReindex: DefineCommand = (program, context) => {
  program
    .command("reindex")
    .description("encode everything with --model beside the old vectors, then switch")
    .addOption(waitOption())
    .addHelpText("after", "\nExample:\n  retrieve reindex --model ./my-encoder")
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalOptions & { wait: boolean }>();
      const { model, ...rest } = flags;
      const progress = showProgress(context.terminal, flags, "reindexing");
      const report = await withPresentIndex(context, rest, { wait: flags.wait }, (index) =>
        index.reindex({
          model: model?.at(-1) ?? "mini",
          onProgress: progress.report,
          signal: context.signal,
        }),
      ).finally(progress.stop);
      if (flags.json) printJson(context.terminal, report);
      else {
        const { documents, seconds } = report;
        print(context.terminal, `${documents} documents under ${report.model} in ${seconds.toFixed(1)} s`);
      }
    });
};
