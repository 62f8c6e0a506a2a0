/** The table of verbs: adding one is a file and a line. */

import type { DefineCommand } from "./command.ts";

export const commands: readonly DefineCommand[] = [];
