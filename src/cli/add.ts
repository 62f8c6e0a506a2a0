/** `retrieve add`: files, folders, conversations, examples and tools into the index. */

import type { Command } from "commander";
import type { AddReport, KindName } from "../augment/index.ts";
import type { DefineCommand } from "./command.ts";
import { type GlobalOptions, kindArgument, option, waitOption } from "./options.ts";
import { showProgress } from "./progress.ts";
import { print, printJson } from "./terminal.ts";
import { withIndex } from "./with-index.ts";

interface AddFlags extends GlobalOptions {
  readonly task?: string;
  readonly sync: boolean;
  readonly wait: boolean;
}

const help = `
Sources:
  knowledge  files, folders (md, txt, html, pdf, docx, code), JSONL with text
  memory     text files, JSONL turns with role and text, conversations.jsonl
  examples   JSONL with input and output
  tools      OpenAPI file or URL, JSON array of function schemas,
             "mcp:COMMAND ARG", a file with mcpServers

Example:
  retrieve add knowledge docs/ notes.md --sync`;

export const defineAdd: DefineCommand = (program, context) => {
  program
    .command("add")
    .description("add sources to the index; what is unchanged is skipped")
    .addArgument(kindArgument())
    .argument("<source...>", "files, folders, URLs")
    .addOption(option("--task <task>", "document instruction of a new collection"))
    .addOption(option("--sync", "also remove what vanished from the sources").default(false))
    .addOption(waitOption())
    .addHelpText("after", help)
    .action(async (kind: KindName, sources: string[], _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<AddFlags>();
      const { terminal, signal } = context;
      const progress = showProgress(terminal, flags, `adding ${kind}`);
      const report = await withIndex(context, flags, { wait: flags.wait }, (index) =>
        index.add(kind, sources, {
          sync: flags.sync,
          offline: flags.offline,
          ...(flags.task === undefined ? {} : { task: flags.task }),
          onProgress: progress.report,
          onCommit: (committed) => {
            if (flags.json) terminal.stderr.write(`${JSON.stringify({ committed })}\n`);
          },
          signal,
        }),
      ).finally(progress.stop);
      if (flags.json) printJson(terminal, report);
      else print(terminal, sentence(report));
    });
};

function sentence({ kind, added, updated, unchanged, removed, seconds }: AddReport): string {
  const counts = Object.entries({ added, updated, unchanged, removed })
    .filter(([name, count]) => count > 0 || name === "added")
    .map(([name, count]) => `${count} ${name}`);
  return `${kind}: ${counts.join(", ")} in ${seconds.toFixed(1)} s`;
}
