/** `retrieve search`: ranked records of one kind. */

import type { Command } from "commander";
import { type KindName, kindNames, type SearchResult } from "../augment/index.ts";
import type { SearchMethod } from "../retrieve/index.ts";
import type { DefineCommand } from "./command.ts";
import { cut, paragraph } from "./layout.ts";
import { choiceOf, type GlobalOptions, option, searchMethods, wholeNumber } from "./options.ts";
import { columns, paint, print, printJson, type Terminal } from "./terminal.ts";
import { withIndex } from "./with-index.ts";

interface SearchFlags extends GlobalOptions {
  readonly kind: KindName;
  readonly topK: number;
  readonly filter?: string;
  readonly method: SearchMethod;
  readonly conversation?: string;
}

export const defineSearch: DefineCommand = (program, context) => {
  program
    .command("search")
    .description("show the records of one kind that are nearest to a question")
    .argument("<query>", "the question, or the text being written")
    .addOption(
      option("--kind <kind>", kindNames.join(", ")).argParser(choiceOf(kindNames)).makeOptionMandatory(),
    )
    .addOption(option("--top-k <n>", "how many").argParser(wholeNumber(1)).default(10))
    .addOption(option("--filter <where>", "condition over metadata, like a SQL WHERE"))
    .addOption(
      option("--method <method>", searchMethods.join(", "))
        .argParser(choiceOf(searchMethods))
        .default("hybrid"),
    )
    .addOption(option("--conversation <id>", "memory of this conversation only"))
    .addHelpText("after", '\nExample:\n  retrieve search "How do I rotate the key?" --kind knowledge')
    .action(async (query: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<SearchFlags>();
      const { kind, topK, method, filter, conversation } = flags;
      const result = await withIndex(context, flags, { readOnly: true }, (index) =>
        index.search(query, {
          kind,
          topK,
          method,
          ...(filter === undefined ? {} : { filter }),
          ...(conversation === undefined ? {} : { conversation }),
          signal: context.signal,
        }),
      );
      if (flags.json) printJson(context.terminal, result);
      else showHits(context.terminal, result);
    });
};

/** Hits for a person: rank, score, id and source on one line, the text below. */
export function showHits(terminal: Terminal, { hits, kind }: SearchResult, lines = 2): void {
  if (hits.length === 0) print(terminal, `no ${kind} found`);
  const width = columns(terminal);
  hits.forEach((hit, rank) => {
    const place = hit.source === "" || hit.source === hit.id ? hit.id : `${hit.id}  ${hit.source}`;
    const head = `${String(rank + 1).padStart(2)}  ${hit.score.toFixed(3)}  `;
    print(terminal, paint(terminal, "bold", head) + paint(terminal, "cyan", cut(place, width - head.length)));
    for (const line of paragraph(hit.text, width - 4, lines)) print(terminal, `    ${line}`);
  });
}
