/** `retrieve convert`: public data sets to training rows. */

import { Argument, type Command, InvalidArgumentError } from "commander";
import type { ConverterName, ConvertReport, NegativesOptions } from "../dataset/index.ts";
import type { Context, DefineCommand } from "./command.ts";
import { cut, printable, table } from "./layout.ts";
import { choiceOf, type GlobalOptions, option, wholeNumber } from "./options.ts";
import { showProgress } from "./progress.ts";
import { columns, note, print, printJson, type Terminal } from "./terminal.ts";

interface ConvertFlags extends GlobalOptions {
  readonly task?: string;
  readonly split?: string;
  readonly negatives?: NegativesOptions;
  readonly seed: number;
}

/** Spelled out here because help must not wait for the floor that owns the names. */
const converterTable: Readonly<Record<ConverterName, string>> = {
  beir: "a folder with corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv",
  memory: "conversations.jsonl and questions.jsonl, LoCoMo, LongMemEval",
  "llm-embedder": "TASK/SET of LLM-Embedder's data, with SPLIT.json",
  msmarco: "collection.tsv, queries.SPLIT.tsv, qrels.SPLIT.tsv",
  nq: "Natural Questions of DPR: biencoder-nq-SPLIT.json",
  qrecc: "qrecc_SPLIT.json, passages.jsonl",
  toolbench: "corpus.tsv, SPLIT.query.txt, qrels.SPLIT.tsv",
  msc: "Multi-Session Chat of ParlAI: session_N/SPLIT.txt",
  tasks: "{input, output} or FLAN's {inputs, targets} a line",
  "long-text": ".txt files, or {text} a line, of 160,000 characters",
  code: "{repo_name, path, content} a line, as of CodeParrot",
  documents: "files and folders as add knowledge takes them",
  conversations: "turns or conversations as add memory takes them",
  examples: "{input, output, task?} a line as add examples takes them",
  jsonl: "objects with fields of the usual names",
};
const converterNames = Object.keys(converterTable) as ConverterName[];

const help = `
Names:
${converterNames.map((name) => `  ${name.padEnd(14)}${converterTable[name]}`).join("\n")}

Example:
  retrieve convert beir ./scifact rows/scifact.jsonl --negatives bm25:15`;

export const defineConvert: DefineCommand = (program, context) => {
  program
    .command("convert")
    .description("turn a data set into training rows (JSON Lines)")
    .addArgument(new Argument("<name>", converterNames.join(", ")).argParser(choiceOf(converterNames)))
    .argument("<source>", "folder or file of the data set")
    .argument("<out>", "file of rows")
    .addOption(option("--task <task>", "task of the rows; default by what the data set is"))
    .addOption(option("--split <split>", "part of the data set; default train"))
    .addOption(
      option(
        "--negatives <kind>",
        "random:N, bm25:N, none; default none, memory random:15, tasks bm25:20",
      ).argParser(parseNegatives),
    )
    .addOption(option("--seed <n>", "of random negatives").argParser(wholeNumber(0)).default(0))
    .addHelpText("after", help)
    .action(async (name: ConverterName, source: string, out: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ConvertFlags>();
      const report = await convert(context, flags, name, source, out);
      if (flags.json) printJson(context.terminal, report);
      else showReport(context.terminal, report);
    });
};

async function convert(
  { terminal, signal }: Context,
  flags: ConvertFlags,
  ...[name, source, out]: [ConverterName, string, string]
): Promise<ConvertReport> {
  const { task, split, negatives, seed } = flags;
  const progress = showProgress(terminal, flags, `converting ${name}`);
  const { convertDataset } = await import("../dataset/index.ts");
  return await convertDataset(name, source, out, {
    ...(task !== undefined && { task }),
    ...(split !== undefined && { split }),
    ...(negatives !== undefined && { negatives }),
    seed,
    onNotice: (message) => note(terminal, flags, message),
    onProgress: progress.report,
    signal,
  }).finally(progress.stop);
}

function showReport(terminal: Terminal, { read, kept, dropped, out }: ConvertReport): void {
  print(terminal, cut(`${printable(out)}: ${kept} rows of ${read} queries`, columns(terminal)));
  const rows = Object.entries(dropped).map(([reason, count]) => [reason, String(count)]);
  if (rows.length === 0) return;
  for (const line of table([["dropped", "queries"], ...rows])) print(terminal, line);
}

function parseNegatives(text: string): NegativesOptions {
  if (text === "none") return { method: "none", count: 0 };
  const [, method, digits] = /^(random|bm25):(\d{1,6})$/.exec(text) ?? [];
  const count = Number(digits);
  if ((method === "random" || method === "bm25") && count > 0) return { method, count };
  throw new InvalidArgumentError("wanted random:N, bm25:N or none, such as bm25:15.");
}
