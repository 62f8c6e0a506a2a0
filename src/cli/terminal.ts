/** The streams and manners of a run: where data and messages go, how wide and how colourful. */

import { styleText } from "node:util";

/** What a command may touch of the outside world. */
export interface Terminal {
  readonly stdin: NodeJS.ReadableStream;
  /** Data. */
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  /** Progress, notices and errors. */
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How this run prints, from the global flags. */
export interface Manners {
  readonly json: boolean;
  readonly quiet: boolean;
}

export type Style = "bold" | "dim" | "cyan" | "green" | "yellow" | "red";

/** Styles `text` where a person reads it in colour: a terminal, and `NO_COLOR` not set (no-color.org). */
export function paint(terminal: Terminal, style: Style, text: string): string {
  const coloured = terminal.stdout.isTTY === true && !terminal.env["NO_COLOR"];
  return coloured ? styleText(style, text, { validateStream: false }) : text;
}

/** Columns of the terminal; 80 where it is a pipe. Never more than 120: long lines do not read well. */
export function columns(terminal: Terminal): number {
  return Math.min(terminal.stdout.columns ?? 80, 120);
}

/** One line of data. */
export function print(terminal: Terminal, line = ""): void {
  terminal.stdout.write(`${line}\n`);
}

/** One JSON value as one line of data. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.stdout.write(`${JSON.stringify(value)}\n`);
}

/** A sentence on stderr, unless `--quiet`; with `--json` stderr is JSON Lines too. */
export function note(terminal: Terminal, { json, quiet }: Manners, message: string): void {
  if (quiet) return;
  // A progress bar may stand on the line.
  const clear = terminal.stderr.isTTY ? "\r\u001b[K" : "";
  terminal.stderr.write(json ? `${JSON.stringify({ notice: message })}\n` : `${clear}${message}\n`);
}
