/** Opens the index that the global flags name, for the time of one command. */

import { type Index, type OpenOptions, open } from "../augment/index.ts";
import type { Context } from "./command.ts";
import type { GlobalOptions } from "./options.ts";
import { note } from "./terminal.ts";

/** Runs `work` on the index and closes it, whatever happens. */
export async function withIndex<Result>(
  { terminal, signal }: Context,
  flags: GlobalOptions,
  options: Pick<OpenOptions, "readOnly" | "wait">,
  work: (index: Index) => Promise<Result>,
): Promise<Result> {
  const index = await open({
    index: flags.index,
    ...(flags.model === undefined ? {} : { model: flags.model }),
    encoder: { offline: flags.offline },
    onNotice: (message) => note(terminal, flags, message),
    signal,
    ...options,
  });
  try {
    return await work(index);
  } finally {
    await index.close();
  }
}
