/** One run of the command line: parse, act, and turn whatever happens into an exit code. */

import { Command, CommanderError } from "commander";
import { messageOf, packageVersion, RetrieveError } from "../std/index.ts";
import { commands } from "./commands.ts";
import { choiceOf, collect, option, precisions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** Exit codes: 0 done, 1 the work failed, 2 wrong usage. */
export type ExitCode = 0 | 1 | 2;

/** Runs `retrieve ARGUMENTS…` against a terminal. Never throws; abort `signal` to interrupt the work. */
export async function run(
  args: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExitCode> {
  const complaints: string[] = [];
  const program = createProgram(terminal, signal, (complaint) => complaints.push(complaint));
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    const isParsers = error instanceof CommanderError;
    if (isParsers && error.exitCode === 0) return 0;
    const json = args.includes("--json") || program.opts()["json"] === true;
    if (json) terminal.stderr.write(`${JSON.stringify({ error: described(error, signal) })}\n`);
    else terminal.stderr.write(isParsers ? complaints.join("") : `${sentenceOf(error, signal)}\n`);
    return isParsers || isUsage(error) ? 2 : 1;
  }
}

/** `complain` takes what the parser has to say about a wrong command line. */
function createProgram(
  terminal: Terminal,
  signal: AbortSignal,
  complain: (complaint: string) => void,
): Command {
  const program = new Command("retrieve")
    .description("Knowledge, memory, examples and tools for language models: one index, one encoder.")
    .version(packageVersion())
    .addOption(option("--index <dir>", "folder of the index").default(".retrieve"))
    .addOption(
      option("--model <model>", "encoder: a bundled name, a folder or a hub id (default mini)").argParser(
        collect((text) => text),
      ),
    )
    .addOption(
      option("--precision <precision>", "what it computes in: float32, int8 (default as stored)").argParser(
        choiceOf(precisions),
      ),
    )
    .addOption(option("--offline", "download nothing: no models, no tools from URLs").default(false))
    .addOption(option("--json", "JSON on stdout").default(false))
    .addOption(option("--quiet", "no progress and notices").default(false))
    .configureHelp({ showGlobalOptions: true, helpWidth: 80, minWidthToWrap: 20 })
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: complain,
    })
    .addHelpText("after", "\nExample:\n  retrieve demo")
    .showHelpAfterError("(add --help for the flags and an example)")
    .exitOverride();
  for (const define of commands) define(program, { terminal, signal });
  return program;
}

/** Arguments come from the command line, so a value that no function takes is wrong usage too. */
function isUsage(error: unknown): boolean {
  return RetrieveError.isInstance(error) && (error.code === "usage" || error.code === "invalid_argument");
}

/** What a command says itself, else what is true of all. */
function interruption(error: unknown): string {
  return RetrieveError.isInstance(error) && error.code === "interrupted"
    ? error.message
    : "interrupted; what was committed stays, run the same again to go on";
}

function described(error: unknown, signal: AbortSignal): { readonly code: string; readonly message: string } {
  if (error instanceof CommanderError)
    return { code: "usage", message: error.message.replace(/^error: /, "") };
  if (signal.aborted) return { code: "interrupted", message: interruption(error) };
  return { code: RetrieveError.isInstance(error) ? error.code : "internal", message: messageOf(error) };
}

function sentenceOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return `retrieve: ${interruption(error)}`;
  if (RetrieveError.isInstance(error)) return `retrieve: ${error.message}`;
  const stack = error instanceof Error ? error.stack : String(error);
  return `retrieve: internal error, please report it with the lines below\n${stack}`;
}
