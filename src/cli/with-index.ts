/** Opens the index that the global flags name, for the time of one command. */

import { existsSync } from "node:fs";
import type { Index, OpenOptions } from "../augment/index.ts";
import { RetrieveError } from "../std/index.ts";
import type { Context } from "./command.ts";
import { encoderSettings, type GlobalOptions } from "./options.ts";
import { note } from "./terminal.ts";

/** Runs `work` on the index and closes it, whatever happens. */
export async function withIndex<Result>(
  context: Context,
  flags: GlobalOptions,
  options: Pick<OpenOptions, "readOnly" | "wait">,
  work: (index: Index) => Promise<Result>,
): Promise<Result> {
  const { open } = await import("../augment/index.ts");
  const index = await open({ index: flags.index, ...openOptions(context, flags), ...options });
  try {
    return await work(index);
  } finally {
    await index.close();
  }
}

/** {@link withIndex} for commands that mean an index with something in it: a folder that is not there is a mistake. */
export function withPresentIndex<Result>(
  ...[context, flags, options, work]: Parameters<typeof withIndex<Result>>
): Promise<Result> {
  if (existsSync(flags.index)) return withIndex(context, flags, options, work);
  throw new RetrieveError(
    "not_found",
    `${flags.index}: no index here; name another with --index, or make it: retrieve add knowledge docs/`,
  );
}

/** How the global flags open an index, its place left out. */
export function openOptions({ terminal, signal }: Context, flags: GlobalOptions): OpenOptions {
  const model = flags.model?.at(-1);
  return {
    ...(model === undefined ? {} : { model }),
    encoder: encoderSettings(flags),
    onNotice: (message) => note(terminal, flags, message),
    signal,
  };
}
