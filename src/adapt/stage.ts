/** A stage is done once: what it gave stands in a file that appears when it is complete. */

import { RetrieveError, readText, writeFileAtomic } from "../std/index.ts";
import type { AdaptHooks, StageName, Work } from "./hooks.ts";

/** What is kept of a stage that is done. */
export interface Done<Result> {
  readonly stage: StageName;
  readonly result: Result;
  /** What was told in it. */
  readonly notices: readonly string[];
  /** Of the run that finished it. */
  readonly seconds: number;
}

/**
 * Runs stages against one folder. A stage whose file is there is not run again: its result is read. Each stage leaves
 * its parts where it finds them again, so a stage that was killed goes on or begins anew, and gives the same.
 */
export function stageRunner(
  lent: Omit<Work, "onNotice" | "onProgress">,
  { onStage, onProgress, onNotice }: AdaptHooks,
): <Result>(stage: StageName, run: (work: Work) => Promise<Result>) => Promise<Done<Result>> {
  return async <Result>(stage: StageName, run: (work: Work) => Promise<Result>) => {
    const file = lent.at("stages", `${stage}.json`);
    const before = await readDone<Result>(file);
    if (before !== undefined) {
      onStage?.(stage, "done before");
      return before;
    }
    lent.signal?.throwIfAborted();
    onStage?.(stage, "begins");
    const started = performance.now();
    const notices: string[] = [];
    const result = await run({
      ...lent,
      onNotice: (message) => {
        notices.push(message);
        onNotice?.(message);
      },
      onProgress: (progress) => onProgress?.(stage, progress),
    });
    const done = { stage, result, notices, seconds: Math.round(performance.now() - started) / 1000 };
    await writeFileAtomic(file, `${JSON.stringify(done, undefined, 2)}\n`);
    return done;
  };
}

async function readDone<Result>(file: string): Promise<Done<Result> | undefined> {
  const text = await readText(file).catch((error: unknown) => {
    if (RetrieveError.isInstance(error) && error.code === "not_found") return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as Done<Result>);
}
