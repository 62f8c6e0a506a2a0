/** `retrieve augment`: the prompt that a language model should see. */

import type { Command } from "commander";
import type { Augmented, KindName } from "../augment/index.ts";
import type { DefineCommand } from "./command.ts";
import { cut, printable, table } from "./layout.ts";
import { type GlobalOptions, kindNames, listOf, option, wholeNumber } from "./options.ts";
import { columns, paint, print, printJson, type Terminal } from "./terminal.ts";
import { withPresentIndex } from "./with-index.ts";

interface AugmentFlags extends GlobalOptions {
  readonly kinds?: readonly KindName[];
  readonly maxTokens: number;
  readonly conversation?: string;
}

export const defineAugment: DefineCommand = (program, context) => {
  program
    .command("augment")
    .description("compose a prompt from all kinds within a token budget")
    .argument("<query>", "the question or request")
    .addOption(
      option("--kinds <kinds>", "which, with commas; default all that the index holds").argParser(
        listOf(kindNames),
      ),
    )
    .addOption(
      option("--max-tokens <n>", "budget of the whole prompt").argParser(wholeNumber(1)).default(2000),
    )
    .addOption(option("--conversation <id>", "memory of this conversation only"))
    .addHelpText("after", '\nExample:\n  retrieve augment "How do I rotate the key?" --max-tokens 800')
    .action(async (query: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<AugmentFlags>();
      const { kinds, maxTokens, conversation } = flags;
      const augmented = await withPresentIndex(context, flags, { readOnly: true }, (index) =>
        index.augment(query, {
          maxTokens,
          ...(kinds === undefined ? {} : { kinds }),
          ...(conversation === undefined ? {} : { conversation }),
          signal: context.signal,
        }),
      );
      if (flags.json) printJson(context.terminal, augmented);
      else showPrompt(context.terminal, augmented);
    });
};

/** A composed prompt for a person: the messages, then what was put in and what it cost. */
export function showPrompt(terminal: Terminal, { messages, items, tools, tokens }: Augmented): void {
  for (const { role, content } of messages) {
    print(terminal, paint(terminal, "bold", `── ${role} `.padEnd(columns(terminal), "─")));
    print(terminal, printable(content));
  }
  print(terminal, paint(terminal, "bold", "── put in ".padEnd(columns(terminal), "─")));
  const rows = items.map(({ kind, id, score, tokens: cost }) => [
    kind,
    cut(printable(id), 44),
    score.toFixed(3),
    String(cost),
  ]);
  for (const line of table([["kind", "id", "score", "tokens"], ...rows])) print(terminal, line);
  const schemas =
    tools.length === 0 ? "" : `, with ${tools.length} tool schema${tools.length === 1 ? "" : "s"}`;
  print(terminal, paint(terminal, "dim", `${tokens} tokens in all${schemas}`));
}
