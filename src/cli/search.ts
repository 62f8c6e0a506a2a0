/** `retrieve search`: ranked records of one kind. */

import { isAbsolute, relative } from "node:path";
import type { Command } from "commander";
import type { KindName, SearchResult } from "../augment/index.ts";
import type { SearchMethod } from "../retrieve/index.ts";
import type { DefineCommand } from "./command.ts";
import { cut, paragraph, printable } from "./layout.ts";
import { choiceOf, type GlobalOptions, kindNames, option, searchMethods, wholeNumber } from "./options.ts";
import { columns, paint, print, printJson, type Terminal } from "./terminal.ts";
import { withPresentIndex } from "./with-index.ts";

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
      const result = await withPresentIndex(context, flags, { readOnly: true }, (index) =>
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
    const source = fromHere(hit.source);
    const place = printable(source === "" || source === hit.id ? hit.id : `${hit.id}  ${source}`);
    const head = `${String(rank + 1).padStart(2)}  ${hit.score.toFixed(3)}  `;
    print(terminal, paint(terminal, "bold", head) + paint(terminal, "cyan", cut(place, width - head.length)));
    for (const line of paragraph(hit.text, width - 4, lines)) print(terminal, `    ${line}`);
  });
}

/** A file within the current folder by its relative path; anything else as it is. */
function fromHere(source: string): string {
  if (!isAbsolute(source)) return source;
  const path = relative(process.cwd(), source);
  return path === "" || path.startsWith("..") || isAbsolute(path) ? source : path;
}
