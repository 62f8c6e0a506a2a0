/** One run of the command line: parse, act, and turn whatever happens into an exit code. */

import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { messageOf, RetrieveError } from "../std/index.ts";
import { commands } from "./commands.ts";
import { option } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** Exit codes: 0 done, 1 the work failed, 2 wrong usage. */
export type ExitCode = 0 | 1 | 2;

/** Runs `retrieve ARGUMENTS…` against a terminal. Never throws; abort `signal` to interrupt the work. */
export async function run(
  args: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExitCode> {
  const program = createProgram(terminal, signal);
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const json = args.includes("--json");
    terminal.stderr.write(`${json ? jsonOf(error) : sentenceOf(error, signal)}\n`);
    return RetrieveError.isInstance(error) && error.code === "usage" ? 2 : 1;
  }
}

function createProgram(terminal: Terminal, signal: AbortSignal): Command {
  const program = new Command("retrieve")
    .description("Knowledge, memory, examples and tools for language models: one index, one encoder.")
    .version(packageVersion())
    .addOption(option("--index <dir>", "folder of the index").default(".retrieve"))
    .addOption(option("--model <model>", "encoder: a bundled name, a folder or a hub id (default mini)"))
    .addOption(option("--offline", "open no socket for models").default(false))
    .addOption(option("--json", "JSON on stdout").default(false))
    .addOption(option("--quiet", "no progress and notices").default(false))
    .configureHelp({ showGlobalOptions: true, helpWidth: 80 })
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .showHelpAfterError("(add --help for the flags and an example)")
    .exitOverride();
  for (const define of commands) define(program, { terminal, signal });
  return program;
}

function packageVersion(): string {
  const found: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof found === "object" && found !== null && "version" in found
    ? String(found.version)
    : "unknown";
}

function jsonOf(error: unknown): string {
  const code = RetrieveError.isInstance(error) ? error.code : "internal";
  return JSON.stringify({ error: { code, message: messageOf(error) } });
}

function sentenceOf(error: unknown, signal: AbortSignal): string {
  if (RetrieveError.isInstance(error)) return `retrieve: ${error.message}`;
  if (signal.aborted) return "retrieve: interrupted; what was committed stays, run the same again to go on";
  const stack = error instanceof Error ? error.stack : String(error);
  return `retrieve: internal error, please report it with the lines below\n${stack}`;
}
