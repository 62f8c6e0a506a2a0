/** `retrieve delete`: removes records by id. */

import type { Command } from "commander";
import type { KindName } from "../augment/index.ts";
import type { DefineCommand } from "./command.ts";
import { type GlobalOptions, kindArgument, waitOption } from "./options.ts";
import { print, printJson } from "./terminal.ts";
import { withPresentIndex } from "./with-index.ts";

export const defineDelete: DefineCommand = (program, context) => {
  program
    .command("delete")
    .description("remove records by id")
    .addArgument(kindArgument())
    .argument("<id...>", "ids of records, or of a chunk of them")
    .addOption(waitOption())
    .addHelpText("after", "\nExample:\n  retrieve delete knowledge docs/old.md")
    .action(async (kind: KindName, ids: string[], _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalOptions & { wait: boolean }>();
      const report = await withPresentIndex(context, flags, { wait: flags.wait }, (index) =>
        index.delete(kind, ids),
      );
      if (flags.json) printJson(context.terminal, report);
      else print(context.terminal, `${kind}: ${report.removed} removed`);
    });
};
