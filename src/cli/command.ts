/** What a verb is: a function that adds itself to the program. */

import type { Command } from "commander";
import type { Terminal } from "./terminal.ts";

/** What a verb gets besides its arguments. */
export interface Context {
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Adds a verb to the program. */
export type DefineCommand = (program: Command, context: Context) => void;
