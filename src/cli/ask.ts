/** `retrieve ask`: an answer from a language model, with what the index knows and the tools that are allowed. */

import { text as wholeOf } from "node:stream/consumers";
import { type Command, InvalidArgumentError } from "commander";
import type { Answered, AskOptions, Index, Interval, KindName, ToolCallReport } from "../augment/index.ts";
import type { LanguageModel } from "../llm/index.ts";
import type { Context, DefineCommand } from "./command.ts";
import { type LanguageModelFlags, languageModelOptions, openModelAt } from "./language-model.ts";
import { cut, printable } from "./layout.ts";
import { collect, type GlobalOptions, kindNames, listOf, option, wholeNumber } from "./options.ts";
import { columns, note, paint, print, printJson, type Terminal } from "./terminal.ts";
import { withPresentIndex } from "./with-index.ts";

interface AskFlags extends GlobalOptions, LanguageModelFlags {
  readonly llm: string;
  readonly kinds?: readonly KindName[];
  readonly allow?: readonly string[];
  readonly conversation?: string;
  readonly maxTokens?: number;
  readonly answerTokens?: number;
  readonly maxRounds?: number;
  readonly every?: Interval;
  readonly continue: boolean;
}

export const defineAsk: DefineCommand = (program, context) => {
  const verb = program
    .command("ask")
    .description("answer with a language model: augment, call allowed tools, cite")
    .argument("<query>", "the question; - reads it from standard input, of any length")
    .addOption(option("--llm <uri>", "openai:MODEL@URL or llama:PATH.gguf").makeOptionMandatory())
    .addOption(
      option("--kinds <kinds>", "which, with commas; default all that the index holds").argParser(
        listOf(kindNames),
      ),
    )
    .addOption(
      option("--allow <host|server>", "host or MCP server that tools may use; repeatable").argParser(
        collect((text) => text),
      ),
    )
    .addOption(option("--conversation <id>", "memory of this conversation only"))
    .addOption(
      option("--max-tokens <n>", "budget of the prompt; default what the window leaves").argParser(
        wholeNumber(1),
      ),
    )
    .addOption(option("--answer-tokens <n>", "limit of the answer (default 1024)").argParser(wholeNumber(1)))
    .addOption(
      option("--max-rounds <n>", "how often tools may be called (default 5)").argParser(wholeNumber(0)),
    )
    .addOption(
      option("--every <n>", "search again after so many tokens, or after each sentence").argParser(
        parseInterval,
      ),
    )
    .addOption(option("--continue", "go on writing the query as a text, with a base model").default(false));
  for (const shared of languageModelOptions()) verb.addOption(shared);
  verb
    .addHelpText(
      "after",
      '\nExample:\n  retrieve ask "How do I rotate the key?" --llm openai:qwen3@localhost:8000',
    )
    .action(async (query: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<AskFlags>();
      const asked = query === "-" ? await wholeOf(context.terminal.stdin) : query;
      await withPresentIndex(context, flags, { readOnly: true }, (index) =>
        answer(context, flags, index, asked),
      );
    });
};

async function answer(context: Context, flags: AskFlags, index: Index, query: string): Promise<void> {
  const { terminal } = context;
  const llm = await openModelAt(context, flags, flags.llm);
  const stream = createStream(terminal);
  const onNotice = (message: string): void => {
    if (terminal.stdout.isTTY && !flags.quiet) stream.end(); // a notice would stand in the line of the answer
    note(terminal, flags, message);
  };
  const told = { ...(!flags.json && { onText: stream.write }), onNotice };
  try {
    const produce = flags.continue ? written : answered;
    const answer = await produce(context, flags, index, llm, query, told);
    stream.end();
    if (flags.json) printJson(terminal, answer);
    else showCitations(terminal, answer);
  } finally {
    stream.end();
    await llm.close();
  }
}

type Told = Pick<AskOptions, "onText"> & { readonly onNotice: (message: string) => void };

type Produce = (
  context: Context,
  flags: AskFlags,
  index: Index,
  llm: LanguageModel,
  query: string,
  told: Told,
) => Promise<Answered>;

const answered: Produce = ({ signal }, flags, index, llm, query, told) => {
  const { kinds, allow, conversation, maxTokens, answerTokens, maxRounds, every } = flags;
  return index.ask(query, {
    llm,
    ...told,
    ...(kinds && { kinds }),
    ...(allow && { allow }),
    ...(conversation !== undefined && { conversation }),
    ...(maxTokens !== undefined && { maxTokens }),
    ...(answerTokens !== undefined && { answerTokens }),
    ...(maxRounds !== undefined && { maxRounds }),
    ...(every !== undefined && { every }),
    onToolCall: (call) => told.onNotice(sentenceOf(call)),
    signal,
  });
};

/** A continued text in the shape of an answer: it has no numbered sources and calls no tools. */
const written: Produce = async ({ signal }, flags, index, llm, query, told) => {
  const { kinds, conversation, answerTokens, every } = flags;
  const { text, items } = await index.write(query, {
    llm,
    ...told,
    ...(kinds && { kinds: kinds.filter((kind) => kind === "knowledge" || kind === "memory") }),
    ...(conversation !== undefined && { conversation }),
    ...(answerTokens !== undefined && { newTokens: answerTokens }),
    ...(every !== undefined && { every }),
    signal,
  });
  return { answer: text, citations: [], items, toolCalls: [] };
};

/** Text as it comes; {@link Stream.end} ends the line that is open. */
interface Stream {
  readonly write: (text: string) => void;
  end(): void;
}

function createStream(terminal: Terminal): Stream {
  let isOpen = false;
  return {
    write: (text) => {
      isOpen = true;
      terminal.stdout.write(printable(text));
    },
    end: () => {
      if (isOpen) print(terminal);
      isOpen = false;
    },
  };
}

function sentenceOf({ tool, arguments: args, outcome, error, seconds }: ToolCallReport): string {
  const call = printable(`${tool} ${JSON.stringify(args)}`);
  return error === undefined
    ? `called ${call} in ${seconds} s`
    : `${outcome} ${call}: ${printable(error.message)}`;
}

function showCitations(terminal: Terminal, { citations }: Answered): void {
  if (citations.length === 0) return;
  print(terminal);
  for (const { number, title, source } of citations) {
    const mark = `[${number}] `;
    const place = title === "" || title === source ? source : `${title}  ${source}`;
    const line = cut(printable(place).replace(/\s/g, " "), columns(terminal) - mark.length);
    print(terminal, paint(terminal, "cyan", mark) + line);
  }
}

function parseInterval(text: string): Interval {
  if (text === "sentence") return text;
  try {
    return wholeNumber(1)(text);
  } catch {
    throw new InvalidArgumentError("wanted a whole number of at least 1, or sentence.");
  }
}
