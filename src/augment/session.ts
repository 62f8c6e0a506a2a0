/** What the calls of an opened index share: the folder, the options, what was recalled, the order of writes. */

import type { IndexFolder } from "../retrieve/index.ts";
import { RetrieveError } from "../std/index.ts";
import type { OpenOptions } from "./index-types.ts";
import { type KindName, kindNames } from "./kind-names.ts";

export interface Session {
  readonly folder: IndexFolder;
  readonly options: OpenOptions;
  /** Texts that were put into prompts, for memory not to store them again. */
  readonly recalled: RecallLog;
  /** Runs `work` after every write before it, whether those succeeded or not. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** The last texts that were put into prompts. */
export interface RecallLog {
  add(texts: readonly string[]): void;
  texts(): readonly string[];
}

/** How many recalled texts are remembered: the prompts of the last exchanges. */
const recallLimit = 500;

export function createSession(folder: IndexFolder, options: OpenOptions): Session {
  let recalled: string[] = [];
  let last: Promise<unknown> = Promise.resolve();
  return {
    folder,
    options,
    recalled: {
      add: (texts) => {
        recalled = [...new Set([...recalled, ...texts])].slice(-recallLimit);
      },
      texts: () => recalled,
    },
    inTurn: (work) => {
      const result = last.then(work, work);
      last = result.catch(() => undefined);
      return result;
    },
  };
}

/** Throws `invalid_argument` unless `kind` is one of the four. */
export function checkKind(kind: string): asserts kind is KindName {
  if (kindNames.some((name) => name === kind)) return;
  throw new RetrieveError("invalid_argument", `kind: got "${kind}", wanted one of ${kindNames.join(", ")}`);
}

/** Seconds since `start`, a value of `performance.now()`, to the millisecond. */
export function secondsSince(start: number): number {
  return Math.round(performance.now() - start) / 1000;
}
