/** `retrieve status`: what the index holds. */

import type { Command } from "commander";
import type { IndexStatus } from "../augment/index.ts";
import type { DefineCommand } from "./command.ts";
import { table } from "./layout.ts";
import { type GlobalOptions, kindNames } from "./options.ts";
import { print, printJson, type Terminal } from "./terminal.ts";
import { withIndex } from "./with-index.ts";

export const defineStatus: DefineCommand = (program, context) => {
  program
    .command("status")
    .description("kinds, counts, model and size of the index")
    .addHelpText("after", "\nExample:\n  retrieve status --index .retrieve")
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalOptions>();
      const status = await withIndex(context, flags, { readOnly: true }, (index) => index.status());
      if (flags.json) printJson(context.terminal, status);
      else showStatus(context.terminal, status);
    });
};

function showStatus(terminal: Terminal, { index, model, bytes, kinds }: IndexStatus): void {
  const rows = kindNames.flatMap((kind) => {
    const held = kinds[kind];
    return held === undefined ? [] : [[kind, String(held.records), String(held.documents), held.task]];
  });
  print(terminal, `index ${index}  model ${model ?? "none yet"}  ${(bytes / 1e6).toFixed(1)} MB`);
  if (rows.length === 0) print(terminal, "empty; add something: retrieve add knowledge docs/");
  else for (const line of table([["kind", "records", "documents", "task"], ...rows])) print(terminal, line);
}
